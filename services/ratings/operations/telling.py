"""Owe notices about ratings: to who must contact somebody, to who rated, and the wish to rate."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from services.cases.models import Application
from services.cases.operations.telling import case_params, tell_applicants
from services.notifications.drafts import NoticeDraft
from services.notifications.operations import owe_notices
from services.parties.enums import Role
from services.parties.queries import users_in_post
from services.ratings.models import Rating
from services.ratings.permissions import WINDOW_OFFICE

if TYPE_CHECKING:
    from portal.accounts.models import User


def ask_to_rate(application: Application, *, at: datetime) -> None:
    """Ask everybody behind a closed application, once, how it was."""
    tell_applicants(application, "please_rate", at=at)


def tell_handlers(rating: Rating, kind: str, *, at: datetime) -> None:
    """Owe who answers for a rating the news of it; never the name of who gave it."""
    role, door = (Role.MANAGER, "oversight") if rating.department == WINDOW_OFFICE else (Role.HEAD, "desk")
    _owe(rating, kind, users_in_post(rating.department, role, at), f"/{door}/ratings/{rating.public_id}/", at=at)


def tell_managers(rating: Rating, kind: str, *, at: datetime) -> None:
    """Owe the managers the news that a department wants a rating not to count."""
    managers = users_in_post(WINDOW_OFFICE, Role.MANAGER, at)
    _owe(rating, kind, managers, f"/oversight/ratings/{rating.public_id}/", at=at)


def tell_rater(rating: Rating, kind: str, *, at: datetime, **params: str) -> None:
    """Owe who gave a named rating what was done about it."""
    if rating.rated_by is not None:
        _owe(rating, kind, [rating.rated_by], f"/my/cases/{rating.case.public_id}/rate/", at=at, **params)


def _owe(rating: Rating, kind: str, people: Iterable[User], link: str, *, at: datetime, **params: str) -> None:
    values = {**case_params(rating.case), **params}
    owe_notices(
        [
            NoticeDraft(
                subject_kind="rating",
                subject_id=str(rating.pk),
                kind=kind,
                recipient_user_id=user.pk,
                params=values,
                link=link,
            )
            for user in people
        ],
        at=at,
    )
