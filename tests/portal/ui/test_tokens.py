"""Colours and sizes stand in one file, and what is written in them can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parents[3] / "static" / "css"
TOKENS = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-fA-F]{6})\s*;", (CSS / "tokens.css").read_text()))
LIGHTS = ("green", "amber", "red", "black", "paused")
TEXT = [
    ("ink", "paper"),
    ("ink", "mist"),
    ("ink", "blue-wash"),
    ("ink", "focus"),
    ("ink", "line"),
    ("ink", "light-green-wash"),
    ("ink", "light-amber-wash"),
    ("ink", "light-red-wash"),
    ("ink-soft", "paper"),
    ("ink-soft", "mist"),
    ("ink-soft", "line"),
    ("blue", "paper"),
    ("blue", "mist"),
    ("blue", "blue-wash"),
    ("blue-deep", "paper"),
    ("blue-deep", "blue-wash"),
    ("paper", "blue"),
    ("paper", "blue-deep"),
    ("paper", "blue-night"),
    ("paper", "light-red"),
    ("paper", "light-red-ink"),
    ("on-deep", "blue-deep"),
    ("on-deep", "blue-night"),
    ("on-deep-soft", "blue-deep"),
    ("vermilion", "paper"),
    ("vermilion", "vermilion-wash"),
    *[(f"light-{light}-ink", ground) for light in LIGHTS for ground in ("paper", f"light-{light}-wash")],
]
GRAPHICS = [
    ("line-strong", "paper"),
    ("line-strong", "mist"),
    ("deep-line", "paper"),
    ("blue", "mist"),
    *[(f"light-{light}", ground) for light in LIGHTS for ground in ("paper", f"light-{light}-wash")],
]


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(first: str, second: str) -> float:
    lighter, darker = sorted((_luminance(TOKENS[first]), _luminance(TOKENS[second])), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_21() -> None:
    TOKENS.update({"test-black": "#000000", "test-white": "#ffffff"})
    assert _contrast("test-black", "test-white") == pytest.approx(21)


@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_can_be_read(text: str, ground: str) -> None:
    assert _contrast(text, ground) >= 4.5


@pytest.mark.parametrize(("graphic", "ground"), GRAPHICS)
def test_icons_and_borders_can_be_seen(graphic: str, ground: str) -> None:
    assert _contrast(graphic, ground) >= 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ink", "#1b2430"),
        ("paper", "#ffffff"),
        ("mist", "#f4f6f9"),
        ("line", "#d9dee6"),
        ("blue", "#0b5cad"),
        ("blue-deep", "#08417c"),
        ("vermilion", "#c8371f"),
        ("light-green", "#1f7a4d"),
        ("light-amber", "#b26a00"),
        ("light-red", "#c0271c"),
        ("light-black", "#1b2430"),
        ("light-paused", "#5b6675"),
    ],
)
def test_identity_keeps_its_colours(name: str, value: str) -> None:
    assert TOKENS[name] == value


# errors.css must look right when no other file can be had; it repeats the few values it needs
SHEETS = sorted(set(CSS.glob("*.css")) - {CSS / "tokens.css", CSS / "errors.css"})


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_literal_outside_the_tokens(sheet: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
    rules = re.sub(r"@media[^{]*\{", "{", text)
    found = re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*;)|\brgba?\([^)]*\)|\b\d*\.?\d+(?:px|rem|pt|ch)\b", rules)
    assert not found, f"{sheet.name} has literals: {found}"


def test_every_token_used_exists() -> None:
    defined = set(re.findall(r"--([\w-]+):", "".join(sheet.read_text() for sheet in CSS.glob("*.css"))))
    used = {name for sheet in CSS.glob("*.css") for name in re.findall(r"var\(--([\w-]+)", sheet.read_text())}
    assert used <= defined | {name for name in used if name.startswith("bs-")}
