"""The registry of who can hold a post. The services fill it in `AppConfig.ready()`; the proof asks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Posts:
    """departments: the codes that exist. held: (department code, role) of every post that somebody holds now."""

    departments: frozenset[str]
    held: frozenset[tuple[str, str]]

    def lacks(self, department: str, role: str) -> str:
        """Return why nobody would see a task of this post, "" if somebody would. `$name` is any department."""
        if department.startswith("$"):
            return "" if any(role == one for _, one in self.held) else f"nobody holds the role {role} anywhere"
        if department not in self.departments:
            return f"there is no department {department}"
        return "" if (department, role) in self.held else f"nobody holds the role {role} at {department}"


_registered: list[Callable[[], Posts]] = []


def register_posts(ask: Callable[[], Posts]) -> Callable[[], Posts]:
    """Register who answers which posts there are."""
    _registered[:] = [ask]
    return ask


def known_posts() -> Posts | None:
    """Return the posts of this installation, None where nobody registered any or no department exists yet."""
    posts = _registered[0]() if _registered else None
    return posts if posts is not None and posts.departments else None
