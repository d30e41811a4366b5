"""May she rate, see, contact, decide? Everything not allowed here is refused."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from services.cases.models import Case
from services.cases.permissions import DEPARTMENT_ROLES, can_intervene, may_answer_for, oversees
from services.parties.enums import Role
from services.parties.queries import posts_of
from services.ratings.models import Rating

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User

#: Who answers for visits at the counter.
WINDOW_OFFICE = "ZWB"


def may_rate(user: User | AnonymousUser, case: Case, at: datetime) -> bool:
    """Return whether she may rate a case: the applicant and who acts for her; a clerk never rates for a visitor."""
    if not user.is_authenticated or not user.is_active:
        return False
    application = case.application
    return may_answer_for(user, application, at)


def ratings_visible_to(user: User | AnonymousUser, at: datetime) -> QuerySet[Rating]:
    """Return the ratings she may read: oversight all, a department's people their own department's, once closed.

    While a case is under way nobody who decides it sees what its applicant said: it must not influence the case.
    """
    posts = posts_of(user, at)
    if oversees(user, at):
        return Rating.objects.all()
    own = {post.department for post in posts if post.role in DEPARTMENT_ROLES | {Role.HEAD}}
    return Rating.objects.filter(department__in=own).filter(_past_influence())


def _past_influence() -> Q:
    return Q(case__closed_at__isnull=False)


def handles(user: User | AnonymousUser, rating: Rating, at: datetime) -> bool:
    """Return whether she must contact who gave a bad rating: the head of the department; for a visit the managers."""
    posts = posts_of(user, at)
    if rating.department == WINDOW_OFFICE:
        return any(post.role == Role.MANAGER for post in posts)
    return any(post.department == rating.department and post.role == Role.HEAD for post in posts)


def may_see_name(user: User | AnonymousUser, rating: Rating, at: datetime) -> bool:
    """Return whether she sees who gave a rating: only who must contact her, while there is something to do."""
    handling = getattr(rating, "handling", None)
    return rating.rated_by_id is not None and handling is not None and handles(user, rating, at)


def can_decide_exclusions(user: User | AnonymousUser, at: datetime) -> bool:
    """Return whether she decides that a rating does not count: managers only."""
    return can_intervene(user, at)
