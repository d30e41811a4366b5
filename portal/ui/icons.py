"""The icons that pages use, in one small file: of the two thousand of bootstrap-icons a browser loads what it may meet.

The file is made of the icons whose names stand in our templates, code and data; nobody keeps a list. `collectstatic`
and the demo's server find it like any other static file, as img/icons.svg.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

SPRITE = "img/icons.svg"
_SOURCES = (
    ("templates", ("*.html",)),
    ("portal", ("*.py", "*.html", "*.yaml")),
    ("services", ("*.py", "*.yaml")),
    ("static/js", ("*.js",)),
)
#: A quoted word, or what `icon:` names in a data file.
_NAME = re.compile(r"""["']([a-z0-9-]+)["']|\bicon(?:_name)?:\s*([a-z0-9-]+)""")
_DRAWING = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@lru_cache(maxsize=1024)
def icon(name: str, css: str = "") -> SafeString:
    """Draw an icon of bootstrap-icons. It is decoration: always put a word beside it."""
    drawing = f"{static(SPRITE)}#{name}"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', f"bi {css}".rstrip(), drawing)


class IconFinder(BaseFinder):
    """A static-files finder of one file that it makes itself, under settings.VAR."""

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Find nothing wrong: without the package there is no icon, which tests find."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """Return the file for its own path, [] for any other."""
        if path != SPRITE:
            return []
        made = str(_folder() / SPRITE)
        return [made] if find_all else made

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Any]]:
        """Yield the file and the storage it stands in, as `collectstatic` wants it."""
        yield SPRITE, FileSystemStorage(location=_folder())


def icon_names() -> set[str]:
    """Return the names of all icons that templates, code or data mention."""
    drawn = {file.stem for file in _drawings().glob("*.svg")}
    return {first or second for text in _texts() for first, second in _NAME.findall(text)} & drawn


def sprite(names: Iterable[str]) -> str:
    """Return one SVG with a symbol per icon, its name as id. Raises FileNotFoundError if there is no such icon."""
    symbols = [f'<symbol id="{name}" viewBox="0 0 16 16">{_drawing(name)}</symbol>' for name in sorted(names)]
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


def _drawing(name: str) -> str:
    found = _DRAWING.search((_drawings() / f"{name}.svg").read_text(encoding="utf-8"))
    return re.sub(r"\s*\n\s*", "", found[1]) if found else ""


def _drawings() -> Path:
    return Path(settings.NODE_MODULES) / "bootstrap-icons" / "icons"


def _texts() -> Iterator[str]:
    for folder, patterns in _SOURCES:
        for pattern in patterns:
            for file in (settings.ROOT / folder).rglob(pattern):
                yield file.read_text(encoding="utf-8")


@cache
def _folder() -> Path:
    """Make the file anew for this process and return its folder; others may do the same beside us."""
    folder = Path(settings.VAR) / "icons"
    target = folder / SPRITE
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False, encoding="utf-8") as made:
        made.write(sprite(icon_names()))
    Path(made.name).chmod(0o644)
    os.replace(made.name, target)
    return folder
