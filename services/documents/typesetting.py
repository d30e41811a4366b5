"""Draw an official paper as PDF/A-2b with typst, from templates/documents/<kind>.typ and a font from a package.

A name with a character none of the fonts has would otherwise print as an empty box; asked for PDF/A, typst refuses
instead and says which text, and the character is spelled. Fonts with more characters go into a folder of
`settings.PAPER_FONT_FOLDERS`.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import segno
import typst
from django.conf import settings

_MISSING_GLYPH = re.compile(r"the text `\"?(.+?)\"?` could not be displayed")
_ESCAPED = re.compile(r"\\u\{([0-9a-fA-F]{1,6})\}")
#: A paper of nothing but unknown characters is a fault somewhere else.
MOST_SPELLED = 60


class TypesettingError(Exception):
    """The paper could not be drawn; the message is for the administrator."""


class MissingGlyphError(TypesettingError):
    """No font at hand has a character of the paper. text: the character or characters."""

    def __init__(self, text: str) -> None:
        points = " ".join(f"U+{ord(character):04X}" for character in text)
        super().__init__(
            f"No font has the character {text} ({points}). Put a font that has it into a folder of PAPER_FONT_FOLDERS; "
            "the paper is then drawn by itself."
        )
        self.text = text


def draw(kind: str, content: Mapping[str, Any], *, created_at: dt.datetime) -> bytes:
    """Return the PDF of a paper. Equal content and instant give equal bytes.

    kind: which template. content: what frame.typ reads, plain JSON. created_at: written into the file's metadata.
    A character that no font has is spelled by its code, 〖U+20000〗, with a line that says so: nobody goes without her
    paper for a rare name, and the record keeps the character itself. Raises MissingGlyphError, TypesettingError.
    """
    spelled: dict[str, str] = {}
    while True:
        try:
            return _compile(kind, _spelling(content, spelled), created_at=created_at)
        except MissingGlyphError as error:
            missing = set(error.text) - spelled.keys()
            if not missing or len(spelled) > MOST_SPELLED:
                raise
            spelled |= {character: f"〖U+{ord(character):04X}〗" for character in missing}


def _spelling(content: Mapping[str, Any], spelled: Mapping[str, str]) -> dict[str, Any]:
    """Return the content with the characters no font has written as their codes, in what people and offices wrote."""
    if not spelled:
        return {**content, "spelled": False}
    written = {name: _spell(content[name], spelled) for name in ("holder", "facts") if name in content}
    return {**content, **written, "spelled": True}


def _spell(value: Any, spelled: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return "".join(spelled.get(character, character) for character in value)
    if isinstance(value, Mapping):
        return {name: _spell(one, spelled) for name, one in value.items()}
    if isinstance(value, list):
        return [_spell(one, spelled) for one in value]
    return value


def _compile(kind: str, content: Mapping[str, Any], *, created_at: dt.datetime) -> bytes:
    folder = Path(settings.ROOT) / "templates" / "documents"
    try:
        pdf = typst.compile(
            str(folder / f"{kind}.typ"),
            root=str(folder),
            font_paths=fonts(),
            format="pdf",
            # As data, never as source: what a person typed can only ever be shown.
            sys_inputs={"paper": json.dumps(content, ensure_ascii=False)},
            pdf_standards=["a-2b"],
            timestamp=int(created_at.timestamp()),
        )
    except typst.TypstError as error:
        if missing := _MISSING_GLYPH.search(str(error)):
            text = _ESCAPED.sub(lambda code: chr(int(code.group(1), 16)), missing.group(1))
            raise MissingGlyphError(text) from error
        raise TypesettingError(str(error)) from error
    if not isinstance(pdf, bytes):
        raise TypesettingError("typst returned no single file.")
    return pdf


def qr_svg(text: str) -> str:
    """Return a QR code as SVG, error level M, with the quiet zone scanners need; it is as large as what holds it."""
    buffer = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        buffer, kind="svg", border=2, dark="#1b2430", xmldecl=False, svgns=True, omitsize=True
    )
    return buffer.getvalue().decode()


@cache
def fonts() -> Any:
    """Return the fonts papers are set in, loaded once per process: the package's and the installation's own folders."""
    package = find_spec("justmytype_intl_cjk")
    if package is None or not package.submodule_search_locations:
        raise TypesettingError("The package justmytype-intl-cjk with the Chinese font is missing.")
    folders = [Path(next(iter(package.submodule_search_locations))) / "fonts" / "ofl"]
    folders += [Path(folder) for folder in getattr(settings, "PAPER_FONT_FOLDERS", ())]
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder) for folder in folders]
    )
