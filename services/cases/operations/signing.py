"""Sign what was reviewed. Several sign one text; a later change voids what was signed, and says so to everybody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.cases.declarations import DECLARATION, wordings
from services.cases.enums import Channel, SignatureMethod
from services.cases.models import Application, ReviewedText, Signature, SignerInvitation
from services.cases.operations.acting import done_in_name
from services.cases.operations.consents import stored_text
from services.cases.operations.drafts import NotAllowedError, locked_draft
from services.cases.permissions import may_sign_for
from services.cases.queries.reviews import hash_of, reviewed_content
from services.cases.queries.signers import APPLICANT, Slot, SlotState, signers_wanted, slot_states, slots_of_person
from services.parties.enums import ActKind, MandateScope
from services.parties.queries import acting_for, person_of

if TYPE_CHECKING:
    from portal.accounts.models import User


class ChangedSinceReviewError(Exception):
    """The draft is not what was reviewed: it must be looked through again before it is signed or filed."""


class NotSignedError(Exception):
    """The declaration was not signed by somebody who may sign for the applicant."""


class SignaturesMissingError(Exception):
    """Others must sign first. `missing`: the signatures that are not there yet."""

    def __init__(self, missing: Sequence[SlotState]) -> None:
        super().__init__("Not everybody who must sign has signed this text.")
        self.missing = missing


def note_reviewed(application: Application, *, at: datetime) -> str:
    """Keep exactly what is shown for review and return its hash; the same text is kept once.

    Effects: at most one ReviewedText, so that whoever signs it later signs a text that is there, and a change can be
    told word for word.
    """
    content = reviewed_content(application)
    text_hash = hash_of(content)
    if not ReviewedText.objects.filter(application=application, hash=text_hash).exists():
        row = ReviewedText(application=application, hash=text_hash, content=content, reviewed_at=at)
        ReviewedText.objects.bulk_create([row], ignore_conflicts=True)
    return text_hash


@transaction.atomic
def sign_as_applicant(*, application_id: int, reviewed_hash: str, by: User, at: datetime) -> Application:
    """Sign for the applicant before the others do, without filing. Twice is once.

    Effects: her signatures under the text with this hash. Raises NotAllowedError, ChangedSinceReviewError,
    AlreadySubmittedError.
    """
    application = locked_draft(application_id, by=by, at=at, signing=True)
    if note_reviewed(application, at=at) != reviewed_hash:
        raise ChangedSinceReviewError("The application was changed after it was reviewed.")
    sign_own_slots(application, reviewed_hash, by=by, at=at)
    done_in_name(application, ActKind.SIGNED, by=by, at=at)
    return application


def sign_own_slots(application: Application, text_hash: str, *, by: User, at: datetime) -> None:
    """Record the signatures somebody gives with one click: the applicant's, and every role that she herself holds.

    The caller holds the draft's lock and has checked the hash. Raises NotAllowedError: she may not sign for the party.
    """
    channel = Channel(application.channel)
    if not may_sign_for(by, application.party, channel=channel, at=at):
        raise NotAllowedError("She may fill in this application but not sign it.")
    slots, person = signers_wanted(application), person_of(by)
    own = [slots[0]] if channel == Channel.COUNTER else [slots[0], *slots_of_person(slots, person)]
    method = SignatureMethod.COUNTER if channel == Channel.COUNTER else SignatureMethod.CLICK
    record_signatures(application, own, text_hash, method=method, by=by, at=at)


def sign_on_paper(application: Application, text_hash: str, keys: Collection[str], *, by: User, at: datetime) -> None:
    """Record that these people signed the printed text before the clerk, who keeps the paper (counter only)."""
    if application.channel == Channel.COUNTER:
        slots = [slot for slot in signers_wanted(application) if slot.key in keys and slot.key != APPLICANT]
        record_signatures(application, slots, text_hash, method=SignatureMethod.COUNTER, by=by, at=at)


def record_signatures(
    application: Application,
    slots: Iterable[Slot],
    text_hash: str,
    *,
    method: SignatureMethod,
    by: User,
    at: datetime,
    invitation: SignerInvitation | None = None,
) -> None:
    """Write signatures under a text; one that is there already stays as it is."""
    there = set(
        application.signatures.filter(voided_at__isnull=True, text_hash=text_hash).values_list("slot", flat=True)
    )
    person, declaration = person_of(by), stored_text(wordings()[DECLARATION])
    Signature.objects.bulk_create(
        Signature(
            application=application,
            slot=slot.key,
            role_zh=slot.role_zh,
            role_en=slot.role_en,
            signer=by,
            name=_who(slot, method, person.name if person else by.get_full_name()),
            **_for_whom(application, slot, method, by=by, at=at),
            invitation=invitation,
            method=method,
            text_hash=text_hash,
            declaration=declaration,
            language=by.language,
            signed_at=at,
        )
        for slot in slots
        if slot.key not in there
    )


def _who(slot: Slot, method: SignatureMethod, name: str) -> str:
    """Return who signed: on paper the person herself, not the clerk who took the paper."""
    return slot.name if method == SignatureMethod.COUNTER else name


def _for_whom(
    application: Application, slot: Slot, method: SignatureMethod, *, by: User, at: datetime
) -> dict[str, object]:
    if slot.key != APPLICANT or method == SignatureMethod.COUNTER:
        return {}
    acting = acting_for(by, application.party, MandateScope.SIGN, at)
    return {"on_behalf_of": acting.party_text, "mandate_id": acting.mandate_id}


def missing_signatures(application: Application, text_hash: str, *, at: datetime) -> list[SlotState]:
    """Return the required signatures that are not there under this text."""
    return [state for state in slot_states(application, text_hash=text_hash, at=at) if state.signature is None]
