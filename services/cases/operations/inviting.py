"""Ask the others who must sign by a link; they look, and sign or say why not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services.access.enums import Purpose
from services.access.operations import record_access
from services.cases.enums import ApplicationState, InvitationState, SignatureMethod
from services.cases.models import Application, SignerInvitation
from services.cases.operations.drafts import AlreadySubmittedError, locked_draft
from services.cases.operations.invitation_letters import check_may_send, send_letters
from services.cases.operations.signing import ChangedSinceReviewError, missing_signatures, record_signatures
from services.cases.operations.telling import tell_of_signing
from services.cases.queries.reviews import review_hash
from services.cases.queries.signers import APPLICANT, Slot, signers_wanted, slot_states
from services.notifications.enums import Channel
from services.parties.codes import hash_of_code, new_code
from services.parties.contact import check_mobile
from services.parties.identity_numbers import normalise_identity_number
from services.parties.models import Person
from services.parties.models.parties import id_indexes_of
from services.parties.queries import person_of, principals_of
from services.parties.texts import check_text

if TYPE_CHECKING:
    from portal.accounts.models import User

#: How long a link to sign holds.
INVITATION_DAYS = 14
LONGEST_REASON = 500


class NotInvitedError(Exception):
    """The invitation is not for her, is over, or was taken back."""


class SlotError(Exception):
    """Nobody with this key must sign, or the signature is there already."""


@transaction.atomic
def invite_signer(
    *, application_id: int, slot: str, mobile: str = "", email: str = "", by: User, at: datetime
) -> SignerInvitation:
    """Ask one of those who must sign, by a link that holds for two weeks; a new one ends the one before.

    mobile, email: where the link is sent to; both may stay empty, then the applicant passes it on.
    Effects: an invitation with a new code; its messages owed; a notice when a person of this name and number has a
    sign-in here, of which the applicant learns nothing. Raises NotAllowedError, AlreadySubmittedError, SlotError,
    ValidationError: the number or address is none, or too many were invited within a day.
    """
    application = locked_draft(application_id, by=by, at=at, signing=True)
    states = slot_states(application, text_hash=review_hash(application), at=at)
    state = next((one for one in states if one.slot.key == slot and slot != APPLICANT), None)
    if state is None or state.signature is not None:
        raise SlotError(slot)
    mobile, email = check_mobile(mobile) if mobile.strip() else "", email.strip()
    if email:
        validate_email(email)
    if mobile or email:
        check_may_send(application, slot, by=by, at=at)
    application.invitations.filter(slot=slot, revoked_at__isnull=True, declined_at__isnull=True).update(revoked_at=at)
    code = new_code()
    invitation = SignerInvitation.objects.create(
        application=application,
        slot=slot,
        role_zh=state.slot.role_zh,
        role_en=state.slot.role_en,
        name=state.slot.name[:100],
        mobile=mobile,
        email=email,
        code=code,
        code_hash=hash_of_code(code),
        invited_by=by,
        invited_at=at,
        expires_at=at + timedelta(days=INVITATION_DAYS),
    )
    send_letters(invitation, round=0, at=at)
    _tell_known(application, _known(state.slot), invitation, by=by, at=at)
    return invitation


def _tell_known(
    application: Application, known: Person | None, invitation: SignerInvitation, *, by: User, at: datetime
) -> None:
    """Tell whoever is registered here in her inbox too, and on each channel on which the link does not reach her."""
    if known is None or known.user is None:
        return
    reached = {Channel.SMS: known.mobile == invitation.mobile, Channel.EMAIL: known.user.email == invitation.email}
    tell_of_signing(
        application,
        "asked_to_sign",
        known.user,
        invitation,
        round=invitation.pk,
        at=at,
        channels=(Channel.WEBHOOK, *(channel for channel, same in reached.items() if not same)),
        who=by.get_full_name(),
        before=timezone.localdate(invitation.expires_at).isoformat(),
    )


def _known(slot: Slot) -> Person | None:
    """Return the person who must sign if she is registered here under the number in the form."""
    if not slot.id_number:
        return None
    kind = slot.id_type or "31"
    number = normalise_identity_number(kind, slot.id_number)
    person = Person.objects.select_related("user").filter(id_index__in=id_indexes_of(kind, number)).first()
    return person if person is not None and slot.is_for(person) else None


@transaction.atomic
def revoke_invitation(*, invitation_id: int, by: User, at: datetime) -> None:
    """Take an invitation back: its link no longer opens anything. Twice is once.

    Effects: the invitation ends; who had opened it is told. Raises NotAllowedError, AlreadySubmittedError.
    """
    invitation = SignerInvitation.objects.get(pk=invitation_id)
    application = locked_draft(invitation.application_id, by=by, at=at, signing=True)
    invitation = (
        SignerInvitation.objects.select_for_update(of=("self",)).select_related("invitee").get(pk=invitation_id)
    )
    if invitation.revoked_at is not None:
        return
    invitation.revoked_at = at
    invitation.save(update_fields=["revoked_at"])
    if invitation.invitee is not None:
        tell_of_signing(application, "invitation_revoked", invitation.invitee, invitation, round=invitation.pk, at=at)


@transaction.atomic
def open_invitation(*, invitation: SignerInvitation, by: User, at: datetime) -> Slot:
    """Let the invited person see what she is asked to sign, and remember that she did.

    The first sign-in of the person named in it keeps it. Effects: opened; the reading is recorded (PIPL art. 51).
    Raises NotInvitedError: it is somebody else's, over, taken back, or nobody like her must sign any more.
    """
    invitation = SignerInvitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    slot = slot_for(invitation, by, at=at)
    if invitation.invitee_id is None:
        invitation.invitee, invitation.opened_at = by, at
        invitation.save(update_fields=["invitee", "opened_at"])
    record_access(
        reader=by,
        subject_kind="application",
        subject_id=invitation.application_id,
        fields=["answers", "documents"],
        purpose=Purpose.SIGN,
        case_ref=invitation.application.number or "",
        at=at,
    )
    return slot


def slot_for(invitation: SignerInvitation, user: User, *, at: datetime) -> Slot:
    """Return the signature this invitation asks of her. Raises NotInvitedError."""
    person = person_of(user)
    if invitation.state_at(at) in (InvitationState.REVOKED, InvitationState.DECLINED, InvitationState.EXPIRED):
        raise NotInvitedError("It is over.")
    if invitation.invitee_id not in (None, user.pk) or person is None:
        raise NotInvitedError("It is somebody else's.")
    slot = next((one for one in signers_wanted(invitation.application) if one.key == invitation.slot), None)
    if slot is None or not slot.is_for(person):
        raise NotInvitedError("Nobody like her must sign.")
    return slot


def _locked(invitation_id: int) -> tuple[Application, SignerInvitation]:
    """Lock the draft, then the invitation, and read both again."""
    application_id = SignerInvitation.objects.values_list("application_id", flat=True).get(pk=invitation_id)
    application = (
        Application.objects.select_for_update(of=("self",))
        .select_related("bundle__bundle", "service__item", "filed_by")
        .get(pk=application_id)
    )
    invitation = SignerInvitation.objects.select_for_update(of=("self",)).get(pk=invitation_id)
    invitation.application = application
    return application, invitation


@transaction.atomic
def sign_invited(*, invitation_id: int, reviewed_hash: str, by: User, at: datetime) -> None:
    """Sign the text she has seen. Twice is once; the same text only.

    Effects: her signature; the applicant is told, and told again when it was the last one.
    Raises NotInvitedError, AlreadySubmittedError, ChangedSinceReviewError.
    """
    application, invitation = _locked(invitation_id)
    if application.state != ApplicationState.DRAFT:
        raise AlreadySubmittedError("It was filed already.")
    slot = slot_for(invitation, by, at=at)
    if review_hash(application) != reviewed_hash:
        raise ChangedSinceReviewError("The application was changed after she opened it.")
    if invitation.signed_at is not None:
        return
    record_signatures(
        application, [slot], reviewed_hash, method=SignatureMethod.CLICK, by=by, at=at, invitation=invitation
    )
    invitation.invitee, invitation.opened_at, invitation.signed_at = by, invitation.opened_at or at, at
    invitation.save(update_fields=["invitee", "opened_at", "signed_at"])
    for one in _askers(application, at):
        tell_of_signing(application, "signed_by", one, None, round=invitation.pk, at=at, who=slot.name)
    others = [one for one in missing_signatures(application, reviewed_hash, at=at) if one.slot.key != APPLICANT]
    if not others:
        for one in _askers(application, at):
            tell_of_signing(application, "all_signed", one, None, round=invitation.pk, at=at)


@transaction.atomic
def decline_to_sign(*, invitation_id: int, reason: str, by: User, at: datetime) -> None:
    """Say that she does not sign, and why. Twice is once.

    Effects: the invitation ends; the applicant is told the reason. Raises NotInvitedError, AlreadySubmittedError,
    ValidationError without a reason.
    """
    application, invitation = _locked(invitation_id)
    if invitation.declined_at is not None and invitation.invitee_id == by.pk:
        return
    if application.state != ApplicationState.DRAFT:
        raise AlreadySubmittedError("It was filed already.")
    slot = slot_for(invitation, by, at=at)
    reason = check_text(
        reason,
        longest=LONGEST_REASON,
        message=_("Say why in 1 to 500 characters, so that the applicant can put it right."),
    )
    application.signatures.filter(invitation=invitation, voided_at__isnull=True).update(voided_at=at)
    invitation.invitee, invitation.declined_at, invitation.decline_reason = by, at, reason
    invitation.signed_at = None
    invitation.save(update_fields=["invitee", "declined_at", "decline_reason", "signed_at"])
    for one in _askers(application, at):
        tell_of_signing(
            application, "sign_declined", one, None, round=invitation.pk, at=at, who=slot.name, reason=reason
        )


@transaction.atomic
def ask_principal_to_sign(*, application_id: int, by: User, at: datetime) -> None:
    """Tell the principal that an agent has filled in an application which she herself must sign and file.

    Effects: a notice, once per state of the draft. Raises NotAllowedError, AlreadySubmittedError.
    """
    application = locked_draft(application_id, by=by, at=at)
    for one in principals_of(application.party, at):
        if one.pk != by.pk:
            tell_of_signing(
                application,
                "sign_for_party",
                one,
                None,
                round=application.draft_version,
                at=at,
                page="review",
                who=by.get_full_name(),
                principal=signers_wanted(application)[0].name,
            )


def _askers(application: Application, at: datetime) -> list[User]:
    """Return who hears about signatures: the principal, and who fills the application in."""
    people = {one.pk: one for one in principals_of(application.party, at)}
    return list({**people, application.filed_by_id: application.filed_by}.values())
