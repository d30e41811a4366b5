"""Registering people, and reading what only a reason may open."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services.access.enums import Purpose
from services.access.operations import one_after_another, record_access
from services.access.queries import count_of_accesses
from services.parties.contact import check_mobile, check_person_name
from services.parties.identity_numbers import (
    IdentityNumberError,
    birth_date_in,
    check_identity_number,
    normalise_identity_number,
)
from services.parties.models import Person
from services.parties.models.parties import id_index_of, id_indexes_of
from services.parties.permissions import can_look_up_persons

if TYPE_CHECKING:
    from portal.accounts.models import User

LOOKUP_PURPOSE = Purpose.LOOK_UP.value
LOOKUPS_PER_HOUR = 120


class PersonAlreadyRegisteredError(ValidationError):
    """Somebody is registered with this identity document."""

    def __init__(self) -> None:
        """Say what to do, and nothing about the other."""
        super().__init__(
            {
                "id_number": _(
                    "This identity document is already registered. Sign in, reset your password, or bring the "
                    "document to a service window."
                )
            },
            code="already_registered",
        )


class LookupLimitError(PermissionDenied):
    """More look-ups by number within an hour than window work explains."""


@transaction.atomic
def register_person(
    *,
    name: str,
    id_kind: str,
    id_number: str,
    birth_date: date | None = None,
    mobile: str = "",
    email: str = "",
    user: User | None = None,
    by: User | None,
    at: datetime,
) -> Person:
    """Register a natural person.

    Args:
        name: as on the identity document.
        id_kind: an IdentityKind value.
        id_number: as typed; stored in normal form, encrypted.
        birth_date: for kinds whose number does not hold it; ignored for the others.
        mobile: may be empty for somebody without a telephone.
        email: may be empty.
        user: her sign-in; None when a clerk registers somebody who has none.
        by: herself, a clerk, or None for the system.
        at: when.

    Raises:
        ValidationError: with messages by field name.
        PersonAlreadyRegisteredError: the document is known, with or without a sign-in.
        PermissionDenied: `by` is neither herself nor a clerk.
    """
    if by is not None and by != user and not can_look_up_persons(by, at):
        raise PermissionDenied
    name, number, mobile = _checked(name, id_kind, id_number, mobile, at)
    if _with_number(id_kind, number) is not None:
        raise PersonAlreadyRegisteredError
    born = birth_date_in(id_kind, number) or birth_date
    person = Person(
        user=user,
        name=name,
        id_kind=id_kind,
        id_number=number,
        id_index=id_index_of(id_kind, number),
        birth_date=born.isoformat() if born else "",
        mobile=mobile,
        email=email,
        registered_at=at,
    )
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError as error:
        if "person_id_number_is_unique" in str(error):
            raise PersonAlreadyRegisteredError from error
        raise
    return person


def _checked(name: str, id_kind: str, id_number: str, mobile: str, at: datetime) -> tuple[str, str, str]:
    errors: dict[str, object] = {}
    try:
        name = check_person_name(name)
    except ValidationError as error:
        errors["name"] = error
    try:
        id_number = check_identity_number(id_kind, id_number, today=timezone.localdate(at))
    except IdentityNumberError as error:
        errors["id_number"] = ValidationError(error.args[0], code="identity_number")
    try:
        mobile = check_mobile(mobile) if mobile else ""
    except ValidationError as error:
        errors["mobile"] = error
    if errors:
        raise ValidationError(errors)
    return name, id_number, mobile


def _with_number(id_kind: str, number: str) -> Person | None:
    return Person.objects.filter(id_index__in=id_indexes_of(id_kind, number)).first()


@transaction.atomic
def connect_user(*, person: Person, user: User, by: User, at: datetime) -> Person:
    """Give a person registered at a window the sign-in she opened, after a clerk saw her document.

    Nobody gets at a person's matters by knowing her number, so this is never done by the person herself.

    Raises:
        PermissionDenied: `by` is no clerk, or connects herself.
        ValidationError: the person has a sign-in, or the sign-in belongs to somebody.
    """
    if not can_look_up_persons(by, at) or by == user:
        raise PermissionDenied
    person = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    if person.user_id is not None:
        raise ValidationError(_("This person already has a sign-in."), code="has_sign_in")
    if Person.objects.filter(user=user).exists():
        raise ValidationError(_("This sign-in belongs to somebody else."), code="sign_in_taken")
    person.user = user
    person.save(update_fields=["user"])
    record_access(
        reader=by,
        subject_kind="person",
        subject_id=person.pk,
        fields=["name", "id_number"],
        purpose=Purpose.SIGN_IN,
        at=at,
    )
    return person


@transaction.atomic
def change_contact(*, person: Person, mobile: str, by: User, at: datetime) -> Person:
    """Change her mobile number, by herself or by a clerk she stands before.

    Raises:
        ValidationError: the number is none.
        PermissionDenied: `by` is neither.
    """
    if person.user_id != by.pk and not can_look_up_persons(by, at):
        raise PermissionDenied
    person.mobile = check_mobile(mobile) if mobile else ""
    person.save(update_fields=["mobile"])
    return person


def find_person(*, id_kind: str, id_number: str, case_ref: str = "", by: User, at: datetime) -> Person | None:
    """Find the person with an identity number, and record who looked and why, found or not.

    Args:
        id_kind: an IdentityKind value.
        id_number: as typed or read from the card.
        case_ref: the case it is for, if any.
        by: a window clerk.
        at: when.

    Raises:
        PermissionDenied: `by` is no clerk; the attempt is recorded.
        LookupLimitError: more than 120 look-ups within an hour; the attempt is recorded.
    """
    number = normalise_identity_number(id_kind, id_number)
    with one_after_another(LOOKUP_PURPOSE, by.pk):
        recent = count_of_accesses(reader=by, purpose=LOOKUP_PURPOSE, since=at - timedelta(hours=1))
        within_limit = recent < LOOKUPS_PER_HOUR
        allowed = can_look_up_persons(by, at) and within_limit
        person = _with_number(id_kind, number) if allowed else None
        record_access(
            reader=by,
            subject_kind="person",
            subject_id=person.pk if person else "",
            fields=["name", "id_number"],
            purpose=LOOKUP_PURPOSE,
            case_ref=case_ref,
            at=at,
            allowed=allowed,
        )
    if not within_limit:
        raise LookupLimitError
    if not allowed:
        raise PermissionDenied
    return person


def reveal_id_number(*, person: Person, purpose: str, case_ref: str = "", by: User, at: datetime) -> str:
    """Return the full number of a person's document to herself or to a clerk who gives a reason; recorded.

    Raises:
        PermissionDenied: `by` is neither; the attempt is recorded.
    """
    allowed = person.user_id == by.pk or can_look_up_persons(by, at)
    record_access(
        reader=by,
        subject_kind="person",
        subject_id=person.pk,
        fields=["id_number"],
        purpose=purpose,
        case_ref=case_ref,
        at=at,
        allowed=allowed,
    )
    if not allowed:
        raise PermissionDenied
    number: str = person.id_number
    return number


@transaction.atomic
def reindex_persons(*, after: int, limit: int) -> int | None:
    """Index up to `limit` persons under the key that writes; return the last one's id, or None when none is left.

    Args:
        after: the id the call before returned; 0 to begin.
        limit: persons of this transaction.
    """
    persons = list(Person.objects.select_for_update(no_key=True).filter(pk__gt=after).order_by("pk")[:limit])
    for person in persons:
        index = id_index_of(person.id_kind, person.id_number)
        if bytes(person.id_index) != index:
            person.id_index = index
            person.save(update_fields=["id_index"])
    return persons[-1].pk if persons else None
