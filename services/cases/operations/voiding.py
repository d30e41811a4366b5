"""A change of what was signed voids the signatures, and everybody concerned is told."""

from __future__ import annotations

from datetime import datetime

from services.cases.models import Application, Signature
from services.cases.operations.telling import tell_of_signing
from services.cases.queries.reviews import review_hash


def void_changed_signatures(application: Application, *, at: datetime) -> list[Signature]:
    """Void the signatures of a locked draft that are not under its text as it stands now; returns them.

    Effects: signatures voided, invitations that were signed wait again, a notice to everybody who had signed.
    """
    signed = list(application.signatures.filter(voided_at__isnull=True).select_related("signer", "invitation"))
    if not signed:
        return []
    text_hash = review_hash(application)
    void = [one for one in signed if one.text_hash != text_hash]
    if not void:
        return []
    Signature.objects.filter(pk__in=[one.pk for one in void]).update(voided_at=at)
    application.invitations.filter(pk__in=[one.invitation_id for one in void if one.invitation_id]).update(
        signed_at=None
    )
    for signer in {one.signer_id: one for one in void}.values():
        tell_of_signing(application, "signature_void", signer.signer, signer.invitation, round=signer.pk, at=at)
    return void
