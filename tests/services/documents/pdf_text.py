"""Read the text of a PDF that typst made, through the fonts' ToUnicode tables. Spaces are left out."""

from __future__ import annotations

import re

import pikepdf

_RANGE = re.compile(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")
_CHARACTER = re.compile(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")


def _to_unicode(font: pikepdf.Object) -> dict[int, str]:
    table = font.ToUnicode.read_bytes().decode("latin-1")
    found: dict[int, str] = {}
    for block in re.findall(r"beginbfrange(.*?)endbfrange", table, re.S):
        for first, last, target in _RANGE.findall(block):
            start = int.from_bytes(bytes.fromhex(target), "big")
            for offset in range(int(last, 16) - int(first, 16) + 1):
                found[int(first, 16) + offset] = chr(start + offset)
    for block in re.findall(r"beginbfchar(.*?)endbfchar", table, re.S):
        for code, target in _CHARACTER.findall(block):
            found[int(code, 16)] = bytes.fromhex(target).decode("utf-16-be")
    return found


def _shown(operands: pikepdf.Array | list[object]) -> bytes:
    pieces = b""
    for operand in operands:
        if isinstance(operand, pikepdf.Array):
            pieces += b"".join(bytes(piece) for piece in operand if isinstance(piece, pikepdf.String))
        elif isinstance(operand, pikepdf.String):
            pieces += bytes(operand)
    return pieces


def _stream_text(stream: pikepdf.Object, resources: pikepdf.Object) -> str:
    fonts = {name: _to_unicode(font) for name, font in resources.get("/Font", {}).items() if "/ToUnicode" in font}
    forms = {name: form for name, form in resources.get("/XObject", {}).items() if form.get("/Subtype") == "/Form"}
    text, current = "", {}
    for instruction in pikepdf.parse_content_stream(stream):
        operator = str(instruction.operator)
        if operator == "Tf":
            current = fonts.get(str(instruction.operands[0]), {})
        elif operator in ("Tj", "TJ"):
            codes = _shown(instruction.operands)
            text += "".join(current.get(codes[at] << 8 | codes[at + 1], "") for at in range(0, len(codes) - 1, 2))
        elif operator == "Do" and str(instruction.operands[0]) in forms:
            form = forms[str(instruction.operands[0])]
            text += _stream_text(form, form.get("/Resources", {}))
    return text


def text_of(pdf: pikepdf.Pdf) -> str:
    """Return all text in drawing order, without spaces."""
    text = "".join(_stream_text(page.obj, page.obj.Resources) for page in pdf.pages)
    return re.sub(r"\s+", "", text)
