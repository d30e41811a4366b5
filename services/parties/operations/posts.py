"""Appointing to posts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from services.parties.enums import SEPARATE_ROLES, Role
from services.parties.models import Department, Membership, Window
from services.parties.permissions import can_appoint

if TYPE_CHECKING:
    from portal.accounts.models import User


class AppointmentRefusedError(ValidationError):
    """The post cannot be given to this user; the text says why."""


@transaction.atomic
def appoint(
    *,
    user: User,
    role: Role | str,
    department: Department | None = None,
    window: Window | None = None,
    until: datetime | None = None,
    by: User | None,
    at: datetime,
) -> Membership:
    """Appoint a user to a post from `at` on; a post she already holds is returned unchanged.

    Args:
        user: who.
        role: the post's role.
        department: the department, or
        window: the window, whose only role is clerk.
        until: the end, excluded; None for an open one.
        by: an administrator; None for the system.
        at: when, and the begin of the appointment.

    Raises:
        AppointmentRefusedError: administrators and auditors hold no other role (GB/T 22239, three separate powers);
            or not exactly one of department and window; or an end before the begin.
        PermissionDenied: `by` may not appoint, or appoints herself.
    """
    if by is not None and (not can_appoint(by, at) or by == user):
        raise PermissionDenied
    get_user_model().objects.select_for_update(no_key=True).get(pk=user.pk)
    held = Membership.objects.filter(Q(until=None) | Q(until__gt=at), user=user)
    same = held.filter(department=department, window=window, role=role, until=None).first()
    if same is not None:
        return same
    _refuse_mixed_powers(Role(role), set(held.values_list("role", flat=True)))
    membership = Membership(
        user=user, department=department, window=window, role=role, since=at, until=until, appointed_by=by
    )
    try:
        membership.full_clean()
    except ValidationError as error:
        raise AppointmentRefusedError(error.messages) from error
    membership.save()
    return membership


def _refuse_mixed_powers(role: Role, held: set[str]) -> None:
    roles = held | {role}
    if len(roles) > 1 and roles & SEPARATE_ROLES:
        raise AppointmentRefusedError(
            _("Administrators and auditors hold no other role, so that nobody checks her own work."),
            code="separate_roles",
        )


@transaction.atomic
def end_appointment(*, membership: Membership, by: User | None, at: datetime) -> Membership:
    """End an appointment at `at`; the work stays with the post. An appointment already over stays as it is.

    Raises:
        PermissionDenied: `by` may not appoint.
    """
    if by is not None and not can_appoint(by, at):
        raise PermissionDenied
    membership = Membership.objects.select_for_update(no_key=True).get(pk=membership.pk)
    if membership.until is not None and membership.until <= at:
        return membership
    if membership.since >= at:
        raise AppointmentRefusedError(_("An appointment must end after it begins."), code="ends_before_begin")
    membership.until = at
    membership.save(update_fields=["until"])
    return membership
