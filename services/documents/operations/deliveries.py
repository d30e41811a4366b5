"""Record that a paper reached its addressee (送达), with the proof the law asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.documents.enums import DeliveryChannel
from services.documents.models import Delivery, Paper

if TYPE_CHECKING:
    from portal.accounts.models import User

_PROOF = {DeliveryChannel.ONLINE: "consent", DeliveryChannel.COUNTER: "collected_by", DeliveryChannel.POST: "tracking"}


class DeliveryProofMissingError(Exception):
    """A delivery was recorded without its proof. name: the missing entry."""

    def __init__(self, name: str) -> None:
        super().__init__(f"A delivery by this channel needs the proof {name!r}.")
        self.name = name


@transaction.atomic
def deliver_paper(
    *, paper: Paper, channel: str, recipient_user: User | None, proof: Mapping[str, str | int], at: datetime
) -> Delivery:
    """Record a delivery; the same paper, channel and recipient again returns the first record.

    Args:
        paper: what was delivered.
        channel: a `DeliveryChannel`.
        recipient_user: who got it; None for somebody without an account at the counter or by post.
        proof: online {"consent": id of the consent to electronic service}; counter {"collected_by": masked name};
            post {"tracking": number}. Further entries are kept; no ID number may be among them.
        at: when it reached her (Licensing Law art. 44: within ten working days of the decision).

    Raises:
        DeliveryProofMissingError.
    """
    needed = _PROOF[DeliveryChannel(channel)]
    if not proof.get(needed):
        raise DeliveryProofMissingError(needed)
    delivery, _created = Delivery.objects.get_or_create(
        paper=paper,
        channel=channel,
        recipient=recipient_user,
        defaults={"delivered_at": at, "proof": dict(proof)},
    )
    return delivery
