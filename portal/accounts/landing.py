"""The door people come in by after they signed in."""

from __future__ import annotations

from datetime import datetime

from django.urls import NoReverseMatch, reverse

from portal.accounts.models import User
from services.parties.enums import Role
from services.parties.queries import person_of, posts_of

DOORS: tuple[tuple[frozenset[Role], str], ...] = (
    (frozenset({Role.CLERK}), "counter:intake"),
    (frozenset({Role.HANDLER, Role.CHECKER, Role.APPROVER, Role.HEAD}), "desk:inbox"),
    (frozenset({Role.MANAGER, Role.AUDITOR}), "oversight:board"),
    (frozenset({Role.DESIGNER}), "studio:home"),
    (frozenset({Role.ADMIN}), "oversight:calendars"),
    (frozenset({Role.ADMIN}), "admin:index"),
)
APPLICANT_DOOR = "applicant:cases"


def door_of(user: User, at: datetime) -> str:
    """Return the address of her door: by her posts, in the order of DOORS; else the applicant's, else the home page."""
    roles = {post.role for post in posts_of(user, at)}
    names = [name for door_roles, name in DOORS if roles & door_roles]
    if not names or person_of(user) is not None:
        names.append(APPLICANT_DOOR)
    for name in names:
        try:
            return reverse(name)
        except NoReverseMatch:  # a door that this installation does not have
            continue
    return "/"


def is_staff(user: User, at: datetime) -> bool:
    """Return whether she holds any post; staff sessions end sooner."""
    return bool(posts_of(user, at))
