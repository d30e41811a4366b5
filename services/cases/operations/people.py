"""Mandates and guardianships given and ended, with everybody concerned told: parties lies below notices."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from services.notifications.drafts import NoticeDraft
from services.notifications.operations import owe_notices
from services.parties.models import Guardianship, Mandate, MandateOffer, Person
from services.parties.operations import offers
from services.parties.operations.guardians import record_guardianship
from services.parties.operations.mandates import revoke_mandate
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
