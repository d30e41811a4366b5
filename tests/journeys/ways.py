"""The four ways a journey is made: in Chinese or English, on a phone or at a desk.

One of them, the usual one, is part of `make test`; the other three are slow, and `make journeys` makes all four.

    @ways(usual="zh-phone")
    def test_dog(person: Callable[..., Visitor], way: Way) -> None:
        citizen = person("citizen", **way.window)
        citizen.follow(way.say("开始办理", "Start now"))
        clerk = person("clerk", **way.at_work)  # who works at a window or a desk has a large screen in every way
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import pytest


class Window(TypedDict):
    """What a new browser is asked for: its language, its width and height in CSS pixels."""

    language: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Way:
    """How somebody reads the portal. language: zh-hans or en. phone: on a phone, else at a desk."""

    language: str
    phone: bool

    @property
    def window(self) -> Window:
        """The browser of the person whose journey it is."""
        width, height = (375, 812) if self.phone else (1366, 768)
        return Window(language=self.language, width=width, height=height)

    @property
    def at_work(self) -> Window:
        """The browser of those who work on her case: the same language, always a large screen."""
        return Window(language=self.language, width=1366, height=768)

    def say(self, chinese: str, english: str) -> str:
        """Return the words as this way's pages show them."""
        return chinese if self.language == "zh-hans" else english


LANGUAGES = ("zh-hans", "en")
WAYS = {
    "zh-phone": Way(language="zh-hans", phone=True),
    "zh-desktop": Way(language="zh-hans", phone=False),
    "en-phone": Way(language="en", phone=True),
    "en-desktop": Way(language="en", phone=False),
}


def ways(*, usual: str) -> pytest.MarkDecorator:
    """Make a journey in all four ways as its argument `way`; all but the `usual` one (a key of `WAYS`) are slow.

    Raises:
        KeyError: there is no such way.
    """
    WAYS[usual]
    return pytest.mark.parametrize(
        "way",
        [pytest.param(way, id=name, marks=() if name == usual else pytest.mark.slow) for name, way in WAYS.items()],
    )
