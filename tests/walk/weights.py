"""How many bytes a browser fetches for a page: its HTML as it is sent, and the static files as production serves them.

Production compresses both (portal/ui/compression.py; WhiteNoise's storage, gzip). HTTP headers are not counted.
"""

from __future__ import annotations

import gzip
import re
from functools import cache
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin

from django.conf import settings
from django.contrib.staticfiles import finders

from tests.walk.pages import Page

#: Bytes, compressed: of a page somebody opens first of all, and of one she opens after the home page.
FIRST, AFTERWARDS = 150_000, 30_000
#: Django's compression puts a random number of bytes, at most so many, before each page.
_RANDOM_BYTES = 100
_COMPRESSED_ALREADY = frozenset({".woff", ".woff2", ".png", ".jpg", ".jpeg", ".webp", ".gz"})
_STATIC = f"/{settings.STATIC_URL.strip('/')}/"
_ADDRESS = re.compile(r"url\(\s*['\"]?(?!data:|#)([^'\")]+)")


def weight_of(page: Page) -> int:
    """Return the bytes of a page's own HTML."""
    return len(gzip.compress(page.source, 6)) + _RANDOM_BYTES


def files_of(page: Page) -> set[str]:
    """Return the static files a page loads, with what its style sheets load, as addresses."""
    static = [address for address in page.files() if address.startswith(_STATIC)]
    return {file for address in static for file in _with_what_it_loads(address)}


def pictures_of(page: Page) -> list[str]:
    """Return what a page loads that a view makes, such as a QR code."""
    return [address for address in page.files() if not address.startswith(_STATIC)]


@cache
def weight_of_file(address: str) -> int:
    """Return the bytes of a static file as it is sent."""
    content = _path(address).read_bytes()
    if PurePosixPath(address).suffix in _COMPRESSED_ALREADY:
        return len(content)
    return min(len(content), len(gzip.compress(content, 9)))


@cache
def _with_what_it_loads(address: str) -> frozenset[str]:
    found = {address}
    if address.endswith(".css"):
        inside = _path(address).read_text(encoding="utf-8")
        found |= {urljoin(address, one.partition("#")[0].partition("?")[0]) for one in _ADDRESS.findall(inside)}
    return frozenset(found)


def _path(address: str) -> Path:
    found = finders.find(address.removeprefix(_STATIC))
    assert isinstance(found, str), f"{address} is no static file"
    return Path(found)


def weights(page: Page, warm: set[str], pictures: int) -> tuple[int, int]:
    """Return the bytes of a page opened first of all, and opened after the home page.

    warm: files that a browser has since the home page. pictures: bytes of the page's pictures that views make.
    """
    html, files = weight_of(page) + pictures, files_of(page)
    return html + sum(map(weight_of_file, files)), html + sum(map(weight_of_file, files - warm))


def too_heavy(where: str, page: Page, warm: set[str], bytes_: tuple[int, int]) -> list[str]:
    """Return how a page breaks the limits, in words. warm, bytes_: what `weights` took and gave."""
    parts = ", ".join(f"{file} {weight_of_file(file):,}" for file in sorted(files_of(page) - warm))
    limits = [(FIRST, "opened first"), (AFTERWARDS, f"after the home page (its HTML and pictures; {parts})")]
    return [
        f"{where}: {much:,} bytes {when}, must be {most:,}"
        for much, (most, when) in zip(bytes_, limits, strict=True)
        if much > most
    ]
