"""Check everything once more, sign, and file once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.applicant.access import application_or_404
from services.cases.declarations import DECLARATION, wordings
from services.cases.enums import ApplicationState, Channel, ConsentKind
from services.cases.models import Application
from services.cases.operations.drafts import AlreadySubmittedError, NotAllowedError
from services.cases.operations.inviting import ask_principal_to_sign
from services.cases.operations.signing import note_reviewed, sign_as_applicant
from services.cases.operations.submission import (
    ChangedSinceReviewError,
    IncompleteApplicationError,
    NotSignedError,
    SignaturesMissingError,
    find_problems,
    review_hash,
    submit_application,
)
from services.cases.permissions import can_act_in_full, may_open_review, may_sign_for
from services.cases.queries.forms import documents_held, documents_wanted, form_of
from services.cases.queries.provenance import origins_of
from services.cases.queries.reviews import (
    asks_sensitive_data,
    changes_since,
    reviewed_before,
    reviewed_sections,
)
from services.cases.queries.signers import APPLICANT, SlotState, signatures_in_force, slot_states, slots_of_person
from services.cases.queries.situations import situation_answers
from services.documents.models import Paper
from services.documents.queries import papers_of, uploads_of
from services.documents.typesetting import qr_svg
from services.parties.queries import party, person_of
from workflows.queries.calendars import database_now

#: Why nothing was filed or signed, in words; the page stays.
_REFUSED: dict[type[Exception], Any] = {
    NotSignedError: gettext_lazy("Please confirm the declaration: your application is not filed without it."),
    NotAllowedError: gettext_lazy("You may fill in this application, but somebody who may sign has to file it."),
    SignaturesMissingError: gettext_lazy("Others must sign first; see who below."),
    IncompleteApplicationError: gettext_lazy("Something is still missing; see the list."),
}


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show what will be filed with its hash; POST signs, or files exactly that, once."""
    at = database_now()
    application = application_or_404(request, public_id, at)
    if application.state != ApplicationState.DRAFT:
        return redirect("applicant:submitted", public_id)
    if not may_open_review(request.user, application, at):
        raise Http404
    if request.method == "POST":
        place = _act(request, application, at)
        if place:
            return redirect(place, public_id)
        application.refresh_from_db()
        if application.state != ApplicationState.DRAFT:
            return redirect("applicant:submitted", public_id)
    return render(request, "applicant/review.html", _context(request, application, at))


def _act(request: HttpRequest, application: Application, at: datetime) -> str:
    """Do what was asked for and return where to go on; "" after a refusal, with its message."""
    acts = {"ask": _ask_to_sign, "sign": _sign}
    try:
        return acts.get(request.POST.get("action", ""), _submit)(request, application, at)
    except AlreadySubmittedError:
        messages.info(request, _("This application was filed already. What you see is what was filed."))
    except ChangedSinceReviewError:
        messages.warning(
            request, _("The application was changed after you opened this page. Please check it once more.")
        )
    except tuple(_REFUSED) as error:
        messages.error(request, next(words for kind, words in _REFUSED.items() if isinstance(error, kind)))
    return ""


def _ask_to_sign(request: HttpRequest, application: Application, at: datetime) -> str:
    """Tell the principal that her signature is needed."""
    ask_principal_to_sign(application_id=application.pk, by=request.user, at=at)
    messages.success(request, _("The applicant was told that you need the signature."))
    return "applicant:review"


def _sign(request: HttpRequest, application: Application, at: datetime) -> str:
    """Sign before others do."""
    if "signed" not in request.POST:
        raise NotSignedError
    reviewed_hash = request.POST.get("reviewed_hash", "")
    sign_as_applicant(application_id=application.pk, reviewed_hash=reviewed_hash, by=request.user, at=at)
    messages.success(request, _("You have signed. Now invite the others."))
    return "applicant:signers"


def _submit(request: HttpRequest, application: Application, at: datetime) -> str:
    """File what was reviewed."""
    submit_application(
        application_id=application.pk,
        reviewed_hash=request.POST.get("reviewed_hash", ""),
        signed="signed" in request.POST,
        consents=request.POST.getlist("consents"),
        on_paper=request.POST.getlist("on_paper"),
        by=request.user,
        at=at,
    )
    return "applicant:submitted"


def _context(request: HttpRequest, application: Application, at: datetime) -> dict[str, Any]:
    language, user = get_language() or "zh-hans", request.user
    problems = find_problems(application, at=at)
    reviewed_hash = review_hash(application) if problems else note_reviewed(application, at=at)
    states = slot_states(application, text_hash=reviewed_hash, at=at)
    shown = request.POST.get("reviewed_hash", "")
    before = reviewed_before(application, shown) if shown and shown != reviewed_hash else None
    person = person_of(user)
    return {
        "draft": application,
        "situation": situation_answers(application, language=language),
        "sections": _sections(application, language, user, at),
        "documents": reviewed_documents(application),
        "problems": [_shown(problem, application) for problem in problems],
        "changes": changes_since(application, before.content, language=language) if before else [],
        "reviewed_hash": reviewed_hash,
        "declaration": wordings()[DECLARATION],
        "consents": consents_offered(application),
        "ticked": set(request.POST.getlist("consents")),
        "signer": person.name if person else user.get_full_name() or user.get_username(),
        "party": party(application.party),
        "at_counter": application.channel == Channel.COUNTER,
        "may_sign": may_sign_for(user, application.party, channel=Channel(application.channel), at=at),
        **_signers(application, states, user),
    }


def _sections(application: Application, language: str, user: Any, at: datetime) -> list[dict[str, Any]]:
    """Return what is reviewed by section; an answer that nobody of hers typed says where it comes from."""
    origins = origins_of(application, reader=user)
    known = {code: origin for code, origin in origins.items() if not origin.is_typed}
    return [
        {
            "key": section.key,
            "title": section.title,
            "rows": [{"label": row.label, "value": row.value, "origin": known.get(row.code)} for row in section.rows],
        }
        for section in reviewed_sections(application, language=language, today=timezone.localdate(at))
    ]


def _signers(application: Application, states: Sequence[SlotState], user: Any) -> dict[str, Any]:
    """Return who must sign beside the applicant, who of them is missing, and whether her own click covers them."""
    own = {slot.key for slot in slots_of_person([state.slot for state in states], person_of(user))}
    others = [state for state in states if state.slot.key != APPLICANT and state.slot.key not in own]
    return {
        "applicant_signature": states[0].signature,
        "others": others,
        "others_missing": [state for state in others if state.signature is None],
    }


def consents_offered(application: Application) -> list[Any]:
    """Return the consents an application asks for, each with its text; none that makes no sense for it."""
    kinds = [kind for kind in ConsentKind if kind != ConsentKind.SENSITIVE_DATA or asks_sensitive_data(application)]
    if not uploads_of("application", application.pk).exists():
        kinds.remove(ConsentKind.KEEP_DOCUMENTS)
    return [wordings()[kind] for kind in wordings() if kind in kinds]


def _shown(problem: Any, application: Application) -> dict[str, str]:
    chinese = (get_language() or "").startswith("zh")
    if problem.kind == "material":
        target = f"{reverse('applicant:documents', args=[application.public_id])}#document-{problem.code}"
    elif problem.kind == "element":
        section = form_of(application).use(problem.code).element.section
        target = reverse("applicant:section", args=[application.public_id, section])
    else:
        target = reverse("applicant:situation", args=[application.public_id])
    return {"message": problem.zh if chinese else problem.en, "url": target}


def reviewed_documents(application: Application) -> list[dict[str, Any]]:
    """Return the documents wanted with what was handed in, and what else is there: fetched, or of the wallet."""
    uploads: dict[str, list[Any]] = {}
    for upload in uploads_of("application", application.pk):
        uploads.setdefault(upload.material_code, []).append(upload)
    held = [need for need in documents_held(application) if need.code in uploads]
    return [{"need": need, "uploads": uploads.get(need.code, [])} for need in [*documents_wanted(application), *held]]


@require_GET
def submitted(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the receipt, now and whenever it is opened again: number, signers, consents, hashes, what happens next."""
    at = database_now()
    application = application_or_404(request, public_id, at)
    if application.state == ApplicationState.DRAFT:
        return redirect("applicant:review", public_id)
    receipt = papers_of("application", application.pk).filter(kind="receipt").first()
    context = {
        "application": application,
        "party": party(application.party),
        "receipt": receipt,
        "verify_qr": qr_svg(_verify_address(request, receipt)) if receipt else "",
        "cases": application.cases.select_related("service", "department").order_by("position"),
        "signatures": signatures_in_force(application),
        "consents": _consents_given(application),
        "may_change_consents": can_act_in_full(request.user, application, at),
    }
    return render(request, "applicant/submitted.html", context)


def _verify_address(request: HttpRequest, receipt: Paper) -> str:
    return request.build_absolute_uri(reverse("public:verify_code", args=[receipt.verify_code]))


def _consents_given(application: Application) -> list[dict[str, Any]]:
    given = {one.kind: one for one in application.consents.select_related("text")}
    rows = [{"kind": kind, "consent": given.get(kind), "wording": wordings()[kind]} for kind in ConsentKind]
    return [row for row in rows if row["consent"] or row["kind"] == ConsentKind.ELECTRONIC_SERVICE]
