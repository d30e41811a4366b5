"""A browser is named as people name it."""

from __future__ import annotations

import pytest

from portal.ui.browsers import browser_words

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("says", "name"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/130.0.0.0 Safari/537.36", "Chrome · Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/130.0 Safari/537.36 Edg/130.0", "Edge · Windows"),
        (
            f"Mozilla/5.0 (Linux; Android 14) {WEBKIT} Chrome/116 Mobile Safari/537.36 MicroMessenger/8",
            "WeChat · Android",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox · Linux"),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)
def test_names(says: str, name: str) -> None:
    assert browser_words(says) == name
