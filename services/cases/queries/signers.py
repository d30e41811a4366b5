"""Who must sign an application, who has, and what of it each may see."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from services.cases.enums import InvitationState
from services.cases.models import Application, Signature, SignerInvitation
from services.cases.queries.forms import form_answers, form_of
from services.catalogue.queries import signer_rules
from services.catalogue.signers import PERSON_FIELDS, SignerRule
from services.forms.rules import SITUATION, check_answers
from services.parties.codes import hash_of_code
from services.parties.contact import check_person_name
from services.parties.identity_numbers import normalise_identity_number
from services.parties.models import Person
from services.parties.queries import party
from workflows.expressions import evaluate_condition, nested

if TYPE_CHECKING:
    from portal.accounts.models import User

#: The slot of the applicant, or of whoever may sign for it.
APPLICANT = "applicant"
RESIDENT_ID = "31"


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A signature that is required. key: stays the same while role and person do. hides: what this signer does not see.

    id_number: of the document named in the form, "" where the form does not ask it; then the name alone decides.
    """

    key: str
    role_zh: str
    role_en: str
    name: str
    id_type: str = ""
    id_number: str = ""
    mobile: str = ""
    basis_zh: str = ""
    basis_en: str = ""
    hides: tuple[str, ...] = ()

    def is_for(self, person: Person) -> bool:
        """Return whether a person is the one who must sign: the name, and the number where the form has it."""
        if _name(person.name) != _name(self.name):
            return False
        return not self.id_number or _number(self.id_type, self.id_number) == (person.id_kind, person.id_number)


@dataclass(frozen=True, kw_only=True)
class SlotState:
    """A required signature with where it stands: signed under the text as it is now, or asked for by a link."""

    slot: Slot
    signature: Signature | None
    invitation: SignerInvitation | None
    invitation_state: InvitationState | None

    @property
    def can_be_invited(self) -> bool:
        """Whether a link would help: nobody has signed, and none is out."""
        return self.signature is None and self.invitation_state not in (InvitationState.OPEN, InvitationState.SIGNED)


def signers_wanted(application: Application) -> list[Slot]:
    """Return the signatures an application needs, the applicant's first; each person once per role.

    Which roles sign, and on which law, stands in the versions of the services and the bundle; who they are, in the
    answers. A row without a name yet asks nobody: the form itself demands the name.
    """
    slots = {APPLICANT: _applicant(application)}
    rules = signer_rules(application.offer, application.situation)
    answers = form_answers(application) if rules else {}
    known = _known(application, answers) if any(rule.when for rule in rules) else {}
    for rule in rules:
        if not rule.when or evaluate_condition(rule.when, known):
            slots |= {slot.key: slot for slot in _of_rule(rule, answers)}
    return list(slots.values())


def _known(application: Application, answers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answers as conditions read them: those that count, each in its own type, and the situation's."""
    today = timezone.localdate(application.changed_at)
    counted = check_answers(form_of(application), answers, today=today).cleaned
    situation = {name: one for name, one in answers.items() if name.startswith(SITUATION)}
    return nested({**situation, **counted})


def _applicant(application: Application) -> Slot:
    return Slot(key=APPLICANT, role_zh="申请人", role_en="Applicant", name=party(application.party).name)


def _of_rule(rule: SignerRule, answers: Mapping[str, Any]) -> Iterator[Slot]:
    rows = answers.get(rule.people, []) if rule.people else [answers]
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, Mapping) or any(row.get(name) != value for name, value in rule.only.items()):
            continue
        said = {name: str(row.get(rule.fields.get(name, ""), "") or "").strip() for name in PERSON_FIELDS}
        if said["name"]:
            yield Slot(
                key=f"{rule.role}:{_short(said['name'], said['id_number'])}",
                role_zh=rule.zh,
                role_en=rule.en,
                basis_zh=rule.basis_zh,
                basis_en=rule.basis_en,
                hides=rule.hides,
                **said,
            )


def _short(*words: str) -> str:
    return hashlib.sha256("|".join(words).encode()).hexdigest()[:16]


def _name(name: str) -> str:
    try:
        return check_person_name(name)
    except ValidationError:  # an answer that is no person's name is compared as it stands
        return name


def _number(kind: str, number: str) -> tuple[str, str]:
    kind = kind or RESIDENT_ID
    return kind, normalise_identity_number(kind, number)


def slot_states(application: Application, *, text_hash: str, at: datetime) -> list[SlotState]:
    """Return every required signature with where it stands for the text with this hash."""
    signed = {one.slot: one for one in application.signatures.filter(voided_at__isnull=True, text_hash=text_hash)}
    invited = {one.slot: one for one in application.invitations.filter(revoked_at__isnull=True)}
    return [_state(slot, signed.get(slot.key), invited.get(slot.key), at) for slot in signers_wanted(application)]


def _state(slot: Slot, signature: Signature | None, invitation: SignerInvitation | None, at: datetime) -> SlotState:
    state = invitation.state_at(at) if invitation else None
    if state == InvitationState.SIGNED and signature is None:  # what she signed was changed afterwards
        state = InvitationState.OPEN if invitation and at < invitation.expires_at else InvitationState.EXPIRED
    return SlotState(slot=slot, signature=signature, invitation=invitation, invitation_state=state)


def slots_of_person(slots: Sequence[Slot], person: Person | None) -> list[Slot]:
    """Return which of the required signatures a person herself gives; the applicant's is decided by who may sign."""
    return [slot for slot in slots if person is not None and slot.key != APPLICANT and slot.is_for(person)]


def signatures_in_force(application: Application) -> list[Signature]:
    """Return the signatures under what was filed, or under the draft as it stands, oldest first."""
    rows = application.signatures.filter(voided_at__isnull=True).select_related("signer", "declaration", "invitation")
    return list(rows.order_by("signed_at", "id"))


def invitations_for(user: User) -> list[SignerInvitation]:
    """Return the invitations that she opened and that still wait for her."""
    rows = SignerInvitation.objects.filter(
        invitee=user, signed_at__isnull=True, declined_at__isnull=True, revoked_at__isnull=True
    )
    return list(rows.select_related("application__bundle", "application__service").order_by("-invited_at"))


def invitation_by_code(code: str) -> SignerInvitation | None:
    """Return the invitation a link leads to; None for a code nobody was given."""
    rows = SignerInvitation.objects.select_related("application__bundle__bundle", "application__service__item")
    return rows.filter(code_hash=hash_of_code(code)).first()
