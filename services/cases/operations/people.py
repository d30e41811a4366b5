"""Mandates and guardianships given and ended, with everybody concerned told: parties lies below notices."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services.notifications.drafts import NoticeDraft
from services.notifications.operations import owe_notices
from services.parties.enums import MandateKind
from services.parties.models import Guardianship, Mandate, MandateOffer, Person
from services.parties.operations import offers
from services.parties.operations.guardians import record_guardianship
from services.parties.operations.mandates import MandateRefusedError, grant_mandate, revoke_mandate
from services.parties.permissions import can_grant_mandate
from services.parties.queries import names_of_parties, principals_of
from services.parties.references import PartyRef

if TYPE_CHECKING:
    from portal.accounts.models import User

PEOPLE = "/my/people/"


@transaction.atomic
def offer_mandate(*, principal: PartyRef, id_kind: str = "", id_number: str = "", **given: Any) -> MandateOffer:
    """Offer a mandate as `services.parties.operations.offers.offer_mandate` does, and tell her who it is for.

    She is told when a person of this name and number has a sign-in here; the principal does not learn whether.
    """
    offer = offers.offer_mandate(principal=principal, id_kind=id_kind, id_number=id_number, **given)
    if offer.id_index is not None:
        people = Person.objects.select_related("user").filter(id_index=offer.id_index, name=offer.name)
        person = people.filter(user__is_active=True).first()
        if person is not None and person.user is not None:
            before = timezone.localdate(offer.expires_at).isoformat()
            _tell(
                [person.user],
                "mandate_offered",
                offer,
                at=given["at"],
                link=f"{PEOPLE}offers/{offer.public_id}/",
                before=before,
            )
    return offer


@transaction.atomic
def accept_offer(*, offer_id: int, by: User, at: datetime) -> Mandate:
    """Accept an offer; the principal is told. Raises as `services.parties.operations.offers.accept_offer`."""
    mandate = offers.accept_offer(offer_id=offer_id, by=by, at=at)
    offer = MandateOffer.objects.get(pk=offer_id)
    _tell(principals_of(offer.principal, at), "mandate_accepted", offer, at=at, who=by.get_full_name())
    return mandate


@transaction.atomic
def decline_offer(*, offer_id: int, reason: str, by: User, at: datetime) -> MandateOffer:
    """Decline an offer; the principal is told. Raises as `services.parties.operations.offers.decline_offer`."""
    offer = offers.decline_offer(offer_id=offer_id, reason=reason, by=by, at=at)
    people = principals_of(offer.principal, at)
    _tell(people, "mandate_declined", offer, at=at, who=by.get_full_name(), reason=offer.decline_reason or "–")
    return offer


@transaction.atomic
def end_mandate(*, mandate: Mandate, by: User, at: datetime) -> Mandate:
    """Take a mandate back, or lay it down: from this instant nothing can be done by it. The other side is told.

    Raises PermissionDenied: `by` is neither principal nor agent.
    """
    was = mandate.revoked_at
    mandate = revoke_mandate(mandate=mandate, by=by, at=at)
    if was is None:
        people = [*principals_of(mandate.principal, at), *([mandate.agent.user] if mandate.agent.user else [])]
        others = [one for one in people if one.pk != by.pk]
        _tell(others, "mandate_ended", mandate, at=at, who=mandate.agent.name)
    return mandate


@transaction.atomic
def pass_mandate_on(*, mandate: Mandate, to: PartyRef, by: User, at: datetime) -> Mandate:
    """Let somebody's agent act for her new organisation too, with the same scopes and end. Twice is once.

    She who stands for both decides it; a mandate never passes by itself. Effects: a mandate of the organisation; the
    agent is told, and may lay it down. Raises PermissionDenied: she does not stand for both; MandateRefusedError: the
    mandate is over.
    """
    mandate = Mandate.objects.select_for_update(no_key=True).get(pk=mandate.pk)
    if to.kind != "organisation" or not can_grant_mandate(by, mandate.principal, at):
        raise PermissionDenied
    if mandate.revoked_at is not None and mandate.revoked_at <= at:
        raise MandateRefusedError(_("This mandate has ended. Offer a new one."), code="over")
    held = Mandate.objects.given_by(to).in_force(at).filter(agent=mandate.agent, scopes__contains=mandate.scopes)
    if (known := held.first()) is not None and can_grant_mandate(by, to, at):
        return known
    given = grant_mandate(
        principal=to,
        agent=mandate.agent,
        scopes=mandate.scopes,
        valid_from=at,
        valid_until=mandate.valid_until,
        kind=MandateKind.STAFF,
        matter=mandate.matter,
        by=by,
        at=at,
    )
    if mandate.agent.user is not None:
        _tell([mandate.agent.user], "mandate_passed", given, at=at, before=given.last_day.isoformat())
    return given


def ask_to_pass_mandates(*, person: Person, to: PartyRef, at: datetime) -> None:
    """Tell who founded an organisation that the agents she has act for herself only, and how they act for it too."""
    if person.user is None:
        return
    principal = names_of_parties([to])[to]
    owe_notices(
        [
            NoticeDraft(
                subject_kind="mandate",
                subject_id=str(mandate.pk),
                kind="mandate_may_pass",
                round=to.id,
                recipient_user_id=person.user.pk,
                params={"who": mandate.agent.name, "principal": principal},
                link=f"{PEOPLE}?for={person.ref}",
            )
            for mandate in Mandate.objects.given_by(person.ref).in_force(at).select_related("agent")
        ],
        at=at,
    )


@transaction.atomic
def show_guardianship(*, child: Person, guardian: Person, evidence: str, by: User, at: datetime) -> Guardianship:
    """Record a guardianship shown at the window; guardian, and a child with a sign-in, are told.

    Raises as `services.parties.operations.guardians.record_guardianship`.
    """
    row = record_guardianship(child=child, guardian=guardian, source="counter", evidence=evidence, by=by, at=at)
    people = [one.user for one in (guardian, child) if one.user is not None]
    owe_notices(
        [
            NoticeDraft(
                subject_kind="guardianship",
                subject_id=str(row.pk),
                kind="guardian_recorded",
                recipient_user_id=one.pk,
                params={"who": guardian.name, "principal": child.name, "before": row.ends_on.isoformat()},
                link=PEOPLE,
            )
            for one in people
        ],
        at=at,
    )
    return row


def _tell(
    people: list[User], kind: str, about: MandateOffer | Mandate, *, at: datetime, link: str = PEOPLE, **params: str
) -> None:
    name = names_of_parties([about.principal])[about.principal]
    owe_notices(
        [
            NoticeDraft(
                subject_kind="mandate" if isinstance(about, Mandate) else "offer",
                subject_id=str(about.pk),
                kind=kind,
                recipient_user_id=one.pk,
                params={"principal": name, **params},
                link=link,
            )
            for one in people
        ],
        at=at,
    )
