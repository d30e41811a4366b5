"""Send pages compressed, except where somebody else's page asks for what a signed-in person would see (BREACH)."""

from __future__ import annotations

import gzip
import io
import secrets
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware, re_accepts_gzip
from django.utils.cache import patch_vary_headers

from portal.ui.early import EarlyPage

#: What shrinks; papers and pictures are compressed already, and downloads keep their length.
_TEXTS = ("text/", "application/json", "application/problem+json", "image/svg+xml", "application/xml")
#: Who asked, as the browser says: a page of ours, or the person herself (address bar, bookmark).
_OUR_OWN = frozenset({"same-origin", "none"})


class CompressionMiddleware(GZipMiddleware):
    """Compress texts with gzip.

    BREACH guesses a secret of a page by having the victim's browser ask for it many times with guesses in the address,
    and watching how long the answers are. Such requests come from another site, and browsers say so in
    `Sec-Fetch-Site`; they get the page as it is. So does a browser that says nothing, if it brings a session. Visitors
    without a session have no secret on the page. Besides, Django masks the form token anew in each answer and puts a
    random number of bytes in front of each compressed one. See docs/decisions.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress the answer where that is safe and of use."""
        early = isinstance(response, EarlyPage)
        if (response.streaming and not early) or not response.headers.get("Content-Type", "").startswith(_TEXTS):
            return response
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.headers.get("Sec-Fetch-Site") not in _OUR_OWN:
            return response
        if isinstance(response, EarlyPage):
            return self._in_parts(request, response)
        compressed: HttpResponseBase = super().process_response(request, response)
        return compressed

    def _in_parts(self, request: HttpRequest, response: EarlyPage) -> EarlyPage:
        """Compress each part of a page and send it at once; Django would keep the head till the end."""
        patch_vary_headers(response, ("Accept-Encoding",))
        if re_accepts_gzip.search(request.META.get("HTTP_ACCEPT_ENCODING", "")):
            response.headers["Content-Encoding"] = "gzip"
            response.streaming_content = _compressed(response.streaming_content, self.max_random_bytes)
        return response


def _compressed(parts: Iterable[bytes], most_random_bytes: int) -> Iterator[bytes]:
    written = io.BytesIO()
    filename = "a" * secrets.randbelow(most_random_bytes)  # so many bytes in front, as Django does
    with gzip.GzipFile(filename=filename, mode="wb", compresslevel=6, fileobj=written, mtime=0) as packer:
        for part in parts:
            packer.write(part)
            packer.flush()
            yield _taken(written)
    yield _taken(written)


def _taken(written: io.BytesIO) -> bytes:
    taken = written.getvalue()
    written.seek(0)
    written.truncate()
    return taken
