"""Who signs with the applicant: inviting them, and what the invited see."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.applicant.access import application_or_404
from portal.applicant.views.review import reviewed_documents
from services.cases.declarations import DECLARATION, wordings
from services.cases.enums import ApplicationState, ConsentKind, InvitationState
from services.cases.models import Application, Consent, SignerInvitation
from services.cases.operations.consents import withdraw_consent
from services.cases.operations.drafts import AlreadySubmittedError, NotAllowedError
from services.cases.operations.invitation_letters import NothingToSendError, resend_invitation
from services.cases.operations.inviting import (
    NotInvitedError,
    SlotError,
    decline_to_sign,
    invite_signer,
    open_invitation,
    revoke_invitation,
    sign_invited,
)
from services.cases.operations.signing import ChangedSinceReviewError
from services.cases.operations.submission import find_problems
from services.cases.permissions import may_open_review
from services.cases.queries.invitations import last_letters, letters_of
from services.cases.queries.reviews import changes_since, review_hash, reviewed_before, reviewed_sections
from services.cases.queries.signers import APPLICANT, Slot, invitation_by_code, slot_states
from services.cases.queries.situations import situation_answers
from services.documents.typesetting import qr_svg
from services.parties.codes import spaced
from services.parties.queries import party, person_of
from workflows.queries.calendars import database_now


@never_cache
@require_http_methods(["GET", "POST"])
def signers(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show who must sign and who has; POST invites one of them, sends the link again, or takes it back."""
    at = database_now()
    application = application_or_404(request, public_id, at)
    if application.state != ApplicationState.DRAFT:
        return redirect("applicant:submitted", public_id)
    if not may_open_review(request.user, application, at):
        raise Http404
    refused: dict[str, str] = {}
    if request.method == "POST":
        try:
            _act(request, application, at)
            return redirect("applicant:signers", public_id)
        except ValidationError as error:
            refused[request.POST.get("slot", "")] = " ".join(error.messages)
        except (SlotError, NothingToSendError):
            messages.info(request, _("This person has signed, or need not sign any more."))
        except NotAllowedError:
            raise Http404 from None
        except AlreadySubmittedError:
            return redirect("applicant:submitted", public_id)
    states = slot_states(application, text_hash=review_hash(application), at=at)
    context = {
        "draft": application,
        "party": party(application.party),
        "rows": [_row(request, state, refused) for state in states],
        "ready": not find_problems(application, at=at),
        "all_signed": all(state.signature for state in states),
        "others_signed": all(state.signature for state in states if state.slot.key != APPLICANT),
    }
    return render(request, "applicant/signers.html", context, status=422 if refused else 200)


def _act(request: HttpRequest, application: Application, at: datetime) -> None:
    """Do what the page asked. Raises ValidationError and what the operations raise."""
    by = request.user
    if revoked := request.POST.get("revoke", ""):
        revoke_invitation(invitation_id=_invitation_of(application, revoked).pk, by=by, at=at)
        messages.success(request, _("The invitation was taken back: its link no longer opens anything."))
    elif again := request.POST.get("resend", ""):
        resend_invitation(invitation_id=_invitation_of(application, again).pk, by=by, at=at)
        messages.success(request, _("The link is being sent again."))
    else:
        posted = {name: request.POST.get(name, "") for name in ("slot", "mobile", "email")}
        invitation = invite_signer(application_id=application.pk, **posted, by=by, at=at)
        messages.success(request, _invited(bool(letters_of(invitation))))


def _invited(sent: bool) -> str:
    if sent:
        return _("The invitation is on its way. You see below when it was sent, opened and signed.")
    return _("The invitation is ready. Pass the link or the code on to this person only.")


def _invitation_of(application: Application, public_id: str) -> SignerInvitation:
    for invitation in application.invitations.all():
        if invitation.public_id == public_id:
            return invitation
    raise Http404


def _row(request: HttpRequest, state: Any, refused: dict[str, str]) -> dict[str, Any]:
    typed = request.POST if state.slot.key in refused else {}
    row = {
        "state": state,
        "sent": last_letters(letters_of(state.invitation)) if state.invitation else [],
        "is_applicant": state.slot.key == APPLICANT,
        "refused": refused.get(state.slot.key, ""),
        "mobile": typed.get("mobile", state.slot.mobile),
        "email": typed.get("email", ""),
    }
    if state.invitation is not None and state.invitation_state == "open" and state.signature is None:
        link = request.build_absolute_uri(reverse("applicant:sign_by_code", args=[state.invitation.code]))
        row |= {"link": link, "code": spaced(state.invitation.code), "qr": qr_svg(link)}
    return row


@never_cache
@login_not_required
@require_http_methods(["GET"])
def by_code(request: HttpRequest, code: str) -> HttpResponse:
    """Lead from the link of an invitation to what is to be signed; the link itself shows nothing."""
    invitation = invitation_by_code(code)
    if invitation is None:
        raise Http404
    return redirect("applicant:invited", invitation.public_id)


@never_cache
@login_not_required
@require_http_methods(["GET"])
def invited(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say to whoever comes by a text message or mail how she signs, and nothing of what the application holds."""
    if request.user.is_authenticated:
        return redirect("applicant:sign", public_id)
    invitation, at = _invitation_or_404(public_id), database_now()
    waits = invitation.application.state == ApplicationState.DRAFT and invitation.state_at(at) == InvitationState.OPEN
    context = {"invitation": invitation, "application": invitation.application, "waits": waits}
    return render(request, "applicant/sign_welcome.html", context, status=200 if waits else 410)


@never_cache
@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the invited person what she is asked to sign; POST signs it, or says why not."""
    at = database_now()
    invitation = _invitation_or_404(public_id)
    if invitation.signed_at and invitation.invitee_id == request.user.pk:
        return _signed(request, invitation, at)
    if invitation.declined_at and invitation.invitee_id == request.user.pk:
        return render(request, "applicant/sign_over.html", {"invitation": invitation, "declined": True})
    try:
        if request.method == "POST" and _answer(request, invitation, at):
            return redirect("applicant:sign", public_id)
        slot = open_invitation(invitation=invitation, by=request.user, at=at)
    except (NotInvitedError, AlreadySubmittedError):
        person = person_of(request.user)
        context = {"invitation": invitation, "person": person, "state": invitation.state_at(at)}
        return render(request, "applicant/sign_over.html", context, status=403)
    if invitation.application.state != ApplicationState.DRAFT:
        return render(request, "applicant/sign_over.html", {"invitation": invitation, "filed": True}, status=403)
    return render(request, "applicant/sign.html", _text(request, invitation, slot, at))


def _invitation_or_404(public_id: str) -> SignerInvitation:
    rows = SignerInvitation.objects.select_related(
        "application__bundle__bundle", "application__service__item", "invited_by"
    )
    invitation = rows.filter(public_id=public_id).first()
    if invitation is None:
        raise Http404
    return invitation


def _answer(request: HttpRequest, invitation: SignerInvitation, at: datetime) -> bool:
    """Sign or decline; return whether it is done, or refused with a message."""
    try:
        if request.POST.get("action") == "decline":
            decline_to_sign(invitation_id=invitation.pk, reason=request.POST.get("reason", ""), by=request.user, at=at)
            return True
        if "signed" not in request.POST:
            messages.error(request, _("Please confirm the declaration before you sign."))
            return False
        sign_invited(
            invitation_id=invitation.pk,
            reviewed_hash=request.POST.get("reviewed_hash", ""),
            by=request.user,
            at=at,
        )
    except ChangedSinceReviewError:
        messages.warning(
            request, _("The application was changed after you opened this page. Please check it once more.")
        )
        return False
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return False
    messages.success(request, _("You have signed. You will be told when the application is filed."))
    return True


def _text(request: HttpRequest, invitation: SignerInvitation, slot: Slot, at: datetime) -> dict[str, Any]:
    application, language = invitation.application, get_language() or "zh-hans"
    text_hash = review_hash(application)
    sections = reviewed_sections(
        application, language=language, today=timezone.localdate(at), masked=True, hides=slot.hides
    )
    return {
        "invitation": invitation,
        "application": application,
        "slot": slot,
        "situation": situation_answers(application, language=language),
        "sections": sections,
        "documents": reviewed_documents(application),
        "reviewed_hash": text_hash,
        "declaration": wordings()[DECLARATION],
        "party": party(application.party),
        "changed": _changed_since(application, invitation, slot, text_hash, language),
        "reason": request.POST.get("reason", ""),
    }


def _changed_since(
    application: Application, invitation: SignerInvitation, slot: Slot, text_hash: str, language: str
) -> list[Any]:
    """Return what changed since she signed, as far as she may see it: the labels, without withheld or masked values."""
    last = invitation.signatures.filter(voided_at__isnull=False).order_by("-signed_at").first()
    before = reviewed_before(application, last.text_hash) if last and last.text_hash != text_hash else None
    changes = changes_since(application, before.content, language=language) if before else []
    return [change for change in changes if not {change.code, change.section} & set(slot.hides)]


def _signed(request: HttpRequest, invitation: SignerInvitation, at: datetime) -> HttpResponse:
    signature = invitation.signatures.order_by("-signed_at").first()
    context = {"invitation": invitation, "application": invitation.application, "signature": signature}
    return render(request, "applicant/sign_done.html", context)


@require_POST
def take_back_consent(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a consent back, from now on."""
    at = database_now()
    application = application_or_404(request, public_id, at)
    try:
        withdraw_consent(
            application_id=application.pk, kind=ConsentKind(request.POST.get("kind", "")), by=request.user, at=at
        )
        messages.success(request, _("Your consent ends here. What was done before stays valid."))
    except NotAllowedError:
        messages.error(request, _("Only somebody who may sign for the applicant takes a consent back."))
    except (Consent.DoesNotExist, ValueError):
        messages.info(request, _("This consent was not given."))
    return redirect("applicant:submitted", public_id)
