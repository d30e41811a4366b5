"""Record who acts for a child by law, from the household register or from papers shown at a window."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services.parties.enums import GuardianshipSource
from services.parties.models import Guardianship, Person
from services.parties.models.acting import eighteenth_birthday
from services.parties.permissions import can_look_up_persons
from services.parties.texts import check_text

if TYPE_CHECKING:
    from portal.accounts.models import User


class GuardianshipRefusedError(ValidationError):
    """The guardianship cannot be recorded; the text says why."""


@transaction.atomic
def record_guardianship(
    *,
    child: Person,
    guardian: Person,
    source: GuardianshipSource | str,
    evidence: str,
    by: User | None,
    at: datetime,
) -> Guardianship:
    """Record a guardian of a child (Civil Code art. 23, 27): she acts for it until it is 18. Twice is once.

    evidence: the entry of the register, or the papers the clerk saw. by: the clerk; None for the register's own entry.
    Raises PermissionDenied: `by` is no clerk. GuardianshipRefusedError: the child is of age, or its birth unknown; the
    guardian is a minor or the child itself; no evidence.
    """
    if by is not None and (not can_look_up_persons(by, at) or by.pk in (child.user_id, guardian.user_id)):
        raise PermissionDenied
    today = timezone.localdate(at)
    if child.born_on is None:
        raise GuardianshipRefusedError(_("The child's date of birth is not known."), code="birth")
    ends_on = eighteenth_birthday(child.born_on)
    if ends_on <= today:
        raise GuardianshipRefusedError(_("This person is of age and acts for herself."), code="of_age")
    if child.pk == guardian.pk or (guardian.born_on and eighteenth_birthday(guardian.born_on) > today):
        raise GuardianshipRefusedError(_("A guardian is an adult, and somebody else than the child."), code="guardian")
    evidence = check_text(evidence, longest=200, message=_("Say which papers show the guardianship."))
    known = Guardianship.objects.filter(child=child, guardian=guardian, ended_at=None).first()
    if known is not None:
        return known
    return Guardianship.objects.create(
        child=child,
        guardian=guardian,
        source=source,
        evidence=evidence,
        ends_on=ends_on,
        recorded_by=by,
        recorded_at=at,
    )


@transaction.atomic
def end_guardianship(*, guardianship: Guardianship, reason: str, by: User | None, at: datetime) -> Guardianship:
    """End a guardianship at `at`, by a clerk who saw why. Twice is once. Raises PermissionDenied, ValidationError."""
    if by is not None and not can_look_up_persons(by, at):
        raise PermissionDenied
    reason = check_text(reason, longest=200, message=_("Say why the guardianship ends."))
    row = Guardianship.objects.select_for_update(no_key=True).get(pk=guardianship.pk)
    if row.ended_at is None:
        row.ended_at, row.ended_by, row.end_reason = at, by, reason
        row.save(update_fields=["ended_at", "ended_by", "end_reason"])
    return row
