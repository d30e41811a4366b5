"""May she pay, set an amount, look? Everything not allowed here is refused."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from services.cases.permissions import applications_open_to, can_intervene, oversees
from services.parties.enums import MandateScope, Role
from services.parties.permissions import can_act_for
from services.parties.queries import posts_of
from services.payments.models import FeeDue

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User


def fees_of(user: User | AnonymousUser, at: datetime) -> QuerySet[FeeDue]:
    """Return the fees of everybody she may act for, whatever she may do, the latest demanded first."""
    mine = applications_open_to(user, at).order_by()
    return FeeDue.objects.filter(case__application__in=mine).order_by("-demanded_at", "-id")


def may_pay(user: User | AnonymousUser, due: FeeDue, at: datetime) -> bool:
    """Return whether she may pay a fee: the party, who holds the result, or an agent with that scope."""
    if not user.is_authenticated or not user.is_active:
        return False
    refs = {due.case.application.party, due.case.application.holder}
    return any(can_act_for(user, ref, MandateScope.PAY, at) for ref in refs)


def departments_that_assess(user: User | AnonymousUser, at: datetime) -> frozenset[str]:
    """Return the codes of the departments whose fees she sets and reduces: its approvers and heads."""
    return frozenset(post.department for post in posts_of(user, at) if post.role in (Role.APPROVER, Role.HEAD))


def can_see_books(user: User | AnonymousUser, at: datetime) -> bool:
    """Return whether she sees what was paid and how the books compare: managers and auditors."""
    return oversees(user, at)


def can_settle_differences(user: User | AnonymousUser, at: datetime) -> bool:
    """Return whether she marks a difference of the books as seen to: managers."""
    return can_intervene(user, at)
