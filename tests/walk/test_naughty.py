"""The Big List of Naughty Strings through every text field that citizens and visitors meet, over HTTP: never a 500.

The fields are those the walk found, so that a new one is among them without a line here. Each is sent a share of the
list, which is quick, and then all of it; what is stored has to be shown exactly, which the tests of each
page's own subject look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from tests import naughty
from tests.walk.conftest import Walked
from tests.walk.crawl import Walker
from tests.walk.pages import Form

# one worker walks, once
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("walk")]
SHARE = 8


def sent(walker: Walker, form: Form, strings: list[str]) -> Iterator[str]:
    """Send a form with each string in all its text fields; yield what went wrong."""
    button = form.buttons[0]
    for text in strings:
        before = len(walker.faults)
        page = walker.send(form, {name: [text] for name in form.texts}, button)
        yield from (f"{fault} with {text[:80]!r}" for fault in walker.faults[before:])
        if page is not None and _is_markup(text) and text.encode() in page.source:
            yield f"{form.action} shows {text[:80]!r} as markup"


def _sendable(strings: Iterable[str]) -> list[str]:
    """Leave out half characters: no browser can send one, and no client of HTTP either."""
    return [text for text in strings if text == text.encode("utf-8", "ignore").decode()]


def _is_markup(text: str) -> bool:
    return "<" in text and ">" in text and len(text) > 12 and naughty.is_storable(text)


def test_a_share_of_the_list_through_every_text_field(walked: Walked) -> None:
    strings = _sendable(naughty.strings(longest=2_000))
    assert len(walked.forms) > 10
    wrong: list[str] = []
    for number, (walker, _at, form) in enumerate(walked.forms):
        # each form gets strings of its own, so that together they get many, and all of them what cannot be stored
        mine = [strings[(number * SHARE + step) % len(strings)] for step in range(SHARE)]
        wrong += sent(walker, form, [*mine, *_sendable(naughty.UNSTORABLE)])
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_the_whole_list_through_every_text_field(walked: Walked) -> None:
    strings = _sendable(naughty.strings())
    wrong = [fault for walker, _at, form in walked.forms for fault in sent(walker, form, strings)]
    assert not wrong, "\n".join(wrong)
