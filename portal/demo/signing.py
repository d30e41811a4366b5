"""Have everybody sign whom the law wants to sign with an applicant: invited, opened, signed, as the pages do it."""

from __future__ import annotations

from datetime import datetime

from services.cases.models import Application
from services.cases.operations.inviting import invite_signer, open_invitation, sign_invited
from services.cases.queries.reviews import review_hash
from services.cases.queries.signers import APPLICANT, Slot, slot_states, slots_of_person
from services.parties.models import Person
from services.parties.queries import person_of


def sign_for_the_others(draft: Application, *, at: datetime) -> None:
    """Let everybody but the applicant sign a finished draft; without other signers nothing happens.

    Raises LookupError: a signer of the sample answers is nobody of the demo.
    """
    text_hash = review_hash(draft)
    states = [one for one in slot_states(draft, text_hash=text_hash, at=at) if one.slot.key != APPLICANT]
    own = slots_of_person([one.slot for one in states], person_of(draft.filed_by))
    for state in states:
        if state.signature is None and state.slot not in own:
            signer = _person(state.slot).user
            invitation = invite_signer(application_id=draft.pk, slot=state.slot.key, by=draft.filed_by, at=at)
            open_invitation(invitation=invitation, by=signer, at=at)
            sign_invited(invitation_id=invitation.pk, reviewed_hash=text_hash, by=signer, at=at)


def _person(slot: Slot) -> Person:
    people = Person.objects.filter(name=slot.name, user__isnull=False).select_related("user")
    found = next((one for one in people if slot.is_for(one)), None)
    if found is None:
        raise LookupError(f"Nobody of the demo is called {slot.name} and could sign as {slot.role_en}.")
    return found
