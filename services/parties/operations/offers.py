"""Offer somebody a mandate; it comes to be when she accepts. Nobody is told here: that is done above notices."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services.parties.codes import hash_of_code, new_code
from services.parties.contact import check_person_name
from services.parties.enums import MandateKind, MandateScope, OfferState
from services.parties.identity_numbers import IdentityNumberError, check_identity_number
from services.parties.models import Mandate, MandateOffer, Person
from services.parties.models.parties import id_index_of, id_indexes_of
from services.parties.operations.mandates import MandateRefusedError, grant_mandate
from services.parties.permissions import can_grant_mandate
from services.parties.queries import person_of
from services.parties.references import PartyRef
from services.parties.texts import check_text

if TYPE_CHECKING:
    from portal.accounts.models import User

#: How long an offer waits for its answer.
OFFER_DAYS = 14
#: Longer mandates are typing errors.
LONGEST_YEARS = 10
LONGEST_MATTER, LONGEST_REASON = 200, 300


class NotOfferedError(Exception):
    """The offer is for somebody else, or over."""


@transaction.atomic
def offer_mandate(
    *,
    principal: PartyRef,
    name: str,
    id_kind: str = "",
    id_number: str = "",
    kind: MandateKind | str = MandateKind.AGENT,
    matter: str,
    scopes: Iterable[MandateScope | str],
    valid_from: datetime,
    valid_until: datetime,
    by: User,
    at: datetime,
) -> MandateOffer:
    """Offer a mandate: agent, matter, authority and period, as Civil Code art. 165 wants them.

    name: as on the agent's identity document. id_kind, id_number: of it, where the principal knows it; else only the
    link or code leads her to the offer. matter: what it is about. valid_from, valid_until: begin included, end not.
    Raises PermissionDenied: `by` is not the principal. ValidationError with messages by field.
    """
    if not can_grant_mandate(by, principal, at):
        raise PermissionDenied
    given = _checked(name, id_kind, id_number, matter, scopes, at)
    _check_period(valid_from, valid_until, at)
    code = new_code()
    return MandateOffer.objects.create(
        **{f"{principal.kind}_id": principal.id},
        **given,
        kind=kind,
        valid_from=valid_from,
        valid_until=valid_until,
        code=code,
        code_hash=hash_of_code(code),
        offered_by=by,
        offered_at=at,
        expires_at=min(at + timedelta(days=OFFER_DAYS), valid_until),
    )


def _checked(
    name: str, id_kind: str, id_number: str, matter: str, scopes: Iterable[MandateScope | str], at: datetime
) -> dict[str, object]:
    errors: dict[str, object] = {}
    given: dict[str, object] = {"id_kind": "", "id_index": None}
    try:
        given["name"] = check_person_name(name)
    except ValidationError as error:
        errors["name"] = error
    if id_number.strip():
        try:
            number = check_identity_number(id_kind, id_number, today=timezone.localdate(at))
            given |= {"id_kind": id_kind, "id_index": id_index_of(id_kind, number)}
        except IdentityNumberError as error:
            errors["id_number"] = ValidationError(error.args[0], code="identity_number")
    try:
        given["matter"] = check_text(
            matter, longest=LONGEST_MATTER, message=_("Say in 1 to 200 characters what it is about.")
        )
    except ValidationError as error:
        errors["matter"] = error
    given["scopes"] = sorted({str(scope) for scope in scopes} & set(MandateScope.values))
    if not given["scopes"]:
        errors["scopes"] = ValidationError(_("Choose what the agent may do."))
    if errors:
        raise ValidationError(errors)
    return given


def _check_period(valid_from: datetime, valid_until: datetime, at: datetime) -> None:
    if valid_until <= max(valid_from, at):
        raise ValidationError({"until": _("The mandate would already be over. Choose a later end.")})
    if valid_until > valid_from + timedelta(days=366 * LONGEST_YEARS):
        raise ValidationError({"until": _("A mandate lasts at most ten years.")})


def is_for(offer: MandateOffer, person: Person | None) -> bool:
    """Return whether a person is the one to whom a mandate was offered, by name, and by number where it is known."""
    if person is None or person.name != offer.name:
        return False
    if offer.id_index is None:
        return True
    return bytes(offer.id_index) in id_indexes_of(person.id_kind, person.id_number)


def _answerable(offer_id: int, by: User, at: datetime) -> tuple[MandateOffer, Person]:
    offer = MandateOffer.objects.select_for_update(of=("self",)).get(pk=offer_id)
    person = person_of(by)
    if person is None or not is_for(offer, person):
        raise NotOfferedError("It is somebody else's.")
    return offer, person


@transaction.atomic
def accept_offer(*, offer_id: int, by: User, at: datetime) -> Mandate:
    """Accept: the mandate begins, at once or on its first day. Twice is once.

    Raises NotOfferedError; MandateRefusedError: nobody acts for herself.
    """
    offer, person = _answerable(offer_id, by, at)
    if offer.mandate is not None:
        return offer.mandate
    if offer.state_at(at) != OfferState.OPEN:
        raise NotOfferedError("It is over.")
    # Whoever offered it may have lost the right to: the one who stands for the principal now decides.
    if not can_grant_mandate(offer.offered_by, offer.principal, at):
        raise NotOfferedError("Who offered it no longer stands for the principal.")
    if offer.principal == person.ref:
        raise MandateRefusedError(_("Nobody needs a mandate from herself."), code="own")
    offer.mandate = grant_mandate(
        principal=offer.principal,
        agent=person,
        kind=offer.kind,
        matter=offer.matter,
        scopes=offer.scopes,
        valid_from=max(offer.valid_from, at),
        valid_until=offer.valid_until,
        by=offer.offered_by,
        at=at,
    )
    offer.answered_by = by
    offer.save(update_fields=["mandate", "answered_by"])
    return offer.mandate


@transaction.atomic
def decline_offer(*, offer_id: int, reason: str, by: User, at: datetime) -> MandateOffer:
    """Decline, with or without a reason. Twice is once. Raises NotOfferedError, ValidationError."""
    if reason.strip():
        reason = check_text(reason, longest=LONGEST_REASON, message=_("A reason has at most 300 characters."))
    offer, _person = _answerable(offer_id, by, at)
    if offer.declined_at is not None:
        return offer
    if offer.state_at(at) != OfferState.OPEN:
        raise NotOfferedError("It is over.")
    offer.declined_at, offer.decline_reason, offer.answered_by = at, reason.strip(), by
    offer.save(update_fields=["declined_at", "decline_reason", "answered_by"])
    return offer


@transaction.atomic
def revoke_offer(*, offer_id: int, by: User, at: datetime) -> MandateOffer:
    """Take an offer back before it is accepted. Twice is once. Raises PermissionDenied."""
    offer = MandateOffer.objects.select_for_update(of=("self",)).get(pk=offer_id)
    if not can_grant_mandate(by, offer.principal, at):
        raise PermissionDenied
    if offer.revoked_at is None and offer.mandate_id is None:
        offer.revoked_at = at
        offer.save(update_fields=["revoked_at"])
    return offer
