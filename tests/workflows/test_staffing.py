"""Who can hold a post: asked of whoever registered, and what a post lacks said in words."""

from __future__ import annotations

import pytest

from workflows import staffing
from workflows.staffing import Posts, known_posts, register_posts

POSTS = Posts(departments=frozenset({"SCJG", "XF"}), held=frozenset({("SCJG", "handler"), ("XF", "chief")}))


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staffing, "_registered", [])


@pytest.mark.parametrize(
    ("department", "role", "reason"),
    [
        ("SCJG", "handler", ""),
        ("$reviewer", "chief", ""),
        ("SCJG", "chief", "nobody holds the role chief at SCJG"),
        ("CG", "chief", "there is no department CG"),
        ("$reviewer", "clerk", "nobody holds the role clerk anywhere"),
    ],
)
def test_what_a_post_lacks(department: str, role: str, reason: str) -> None:
    assert POSTS.lacks(department, role) == reason


def test_where_nobody_registered_posts_are_not_known() -> None:
    assert known_posts() is None


def test_who_registered_last_is_asked_every_time() -> None:
    answers = [POSTS, Posts(departments=frozenset(), held=frozenset())]
    register_posts(lambda: POSTS)
    register_posts(lambda: answers.pop(0))
    assert known_posts() == POSTS
    assert known_posts() is None, "before the first department exists nothing can be staffed"
