"""Send pages compressed, except where somebody else's page asks for what a signed-in person would see (BREACH)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

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
        if response.streaming or not response.headers.get("Content-Type", "").startswith(_TEXTS):
            return response
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.headers.get("Sec-Fetch-Site") not in _OUR_OWN:
            return response
        compressed: HttpResponseBase = super().process_response(request, response)
        return compressed
