"""My wallet: certificates with their state, documents kept for reuse, and codes that show a certificate to somebody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.applicant.views.documents import plain_word
from portal.ui.downloads import attachment_response
from services.access.enums import Purpose
from services.cases.declarations import wordings
from services.cases.enums import ConsentKind
from services.cases.operations.drafts import NotAllowedError
from services.cases.operations.wallet import (
    KeepingNotAgreedError,
    NotInWalletError,
    drop_kept,
    keep_for_later,
    stop_keeping,
)
from services.cases.queries.wallet import OFFERED, certificate_for, document_names, keepable, wallet_parties, wallets_of
from services.documents.models import ShareCode
from services.documents.operations import PaperNotRenderedError, open_paper
from services.documents.operations.sharing import DURATIONS, LONGEST_PURPOSE, revoke_share, share_paper
from services.documents.queries.sharing import codes_at, is_open, openings_of, shares_of
from services.documents.typesetting import qr_svg
from services.parties.references import PartyRef
from workflows.queries.calendars import database_now

OPENINGS = 25

_DURATION_WORDS = {
    1: gettext_lazy("1 hour"),
    24: gettext_lazy("1 day"),
    24 * 7: gettext_lazy("7 days"),
    24 * 30: gettext_lazy("30 days"),
}


class ShareForm(forms.Form):
    """For whom or what a code is, and how long it works."""

    purpose = forms.CharField(
        label=gettext_lazy("For whom or what"),
        help_text=gettext_lazy("For example: landlord, Demo Road 8. Whoever opens the code reads this too."),
        max_length=LONGEST_PURPOSE,
    )
    hours = forms.TypedChoiceField(
        label=gettext_lazy("How long the code works"),
        choices=[(hours, _DURATION_WORDS[hours]) for hours in DURATIONS],
        coerce=int,
        initial=24,
        widget=forms.RadioSelect,
    )


@require_GET
def wallet(request: HttpRequest) -> HttpResponse:
    """Show every wallet she opens."""
    at = database_now()
    wallets = wallets_of(request.user, at)
    codes: dict[int, int] = {}
    for share in shares_of([one.paper.pk for each in wallets for one in each.certificates], at):
        codes[share.paper_id] = codes.get(share.paper_id, 0) + is_open(share, at)
    shown = [
        {
            "wallet": one,
            "certificates": [(each, codes.get(each.paper.pk, 0)) for each in one.certificates],
            "keepable": keepable(one.party, at)[:OFFERED],
        }
        for one in wallets
    ]
    consent = wordings()[ConsentKind.KEEP_DOCUMENTS]
    kept = [one.row.upload for each in wallets for one in each.kept]
    names = document_names([*kept, *(upload for each in shown for upload in each["keepable"])])
    return render(request, "applicant/wallet.html", {"wallets": shown, "names": names, "consent": consent})


@never_cache
@require_http_methods(["GET", "POST"])
def certificate(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a certificate's facts and codes; POST makes a code, which is shown this once."""
    at = database_now()
    found = certificate_for(request.user, public_id, at)
    if found is None:
        raise Http404
    held, party = found
    form, made = ShareForm(request.POST or None), {}
    if request.method == "POST" and form.is_valid():
        try:
            share, code = share_paper(
                paper=held.paper,
                party_kind=party.kind,
                party_id=party.id,
                purpose=form.cleaned_data["purpose"],
                hours=form.cleaned_data["hours"],
                by=request.user,
                at=at,
            )
            made, form = _made(request, share, code), ShareForm()
        except ValidationError as error:
            form.add_error(None, error)
    shares = [(share, is_open(share, at)) for share in shares_of([held.paper.pk], at)]
    context = {"certificate": held, "paper": held.paper, "form": form, "made": made, "shares": shares, "at": at}
    return render(request, "applicant/certificate.html", context, status=422 if form.errors else 200)


def _made(request: HttpRequest, share: ShareCode, code: str) -> dict[str, Any]:
    address = request.build_absolute_uri(reverse("public:shared_code", args=[code]))
    # Drawn here from an address of our own: nothing of it was typed by anybody.
    picture = mark_safe(qr_svg(address))  # noqa: S308
    spaced = " ".join(code[at : at + 4] for at in range(0, len(code), 4))
    return {"share": share, "code": spaced, "address": address, "qr": picture}


@require_GET
def download(request: HttpRequest, public_id: str) -> HttpResponse:
    """Save a certificate's file."""
    at = database_now()
    found = certificate_for(request.user, public_id, at)
    if found is None:
        raise Http404
    try:
        stored = open_paper(paper=found[0].paper, reader=request.user, purpose=Purpose.OWN_APPLICATION, at=at)
    except PaperNotRenderedError:
        messages.warning(request, _("This paper is being made. Try again in a minute."))
        return redirect("applicant:certificate", public_id)
    return attachment_response(stored.path, stored.name, stored.media_type)  # type: ignore[return-value]


@require_http_methods(["GET", "POST"])
def share(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show when a code was opened; POST takes it back."""
    at = database_now()
    found = _share_or_404(request, public_id, at)
    if request.method == "POST":
        revoke_share(share=found, by=request.user, at=at)
        messages.success(request, _("The code shows nothing any more."))
        return redirect("applicant:share", public_id)
    page = Paginator(openings_of(found), OPENINGS).get_page(request.GET.get("page"))
    context = {"share": found, "paper": found.paper, "open": is_open(found, at), "page": page, "at": at}
    return render(request, "applicant/share.html", context)


def _share_or_404(request: HttpRequest, public_id: str, at: datetime) -> ShareCode:
    found = codes_at(at).select_related("shared_by__person").filter(public_id=public_id).first()
    mine = {(ref.kind, ref.id) for ref in wallet_parties(request.user, at)}
    if found is None or (found.party_kind, found.party_id) not in mine:
        raise Http404
    return found


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep documents of earlier applications, drop one that was kept, or stop keeping any of a party."""
    at = database_now()
    try:
        if "drop" in request.POST:
            drop_kept(public_id=request.POST["drop"], by=request.user, at=at)
            messages.success(request, _("The document is no longer kept. The application it came with keeps it."))
        elif "stop" in request.POST:
            stop_keeping(party=PartyRef.parse(request.POST["stop"]), by=request.user, at=at)
            messages.success(request, _("Your consent is taken back. No document is kept for later any more."))
        else:
            _keep(request, at)
    except KeepingNotAgreedError:
        messages.error(request, _("Please agree to the text first: without your consent nothing is kept."))
    except NotAllowedError:
        messages.error(request, _("Only somebody who may sign for the applicant takes a consent back."))
    except (NotInWalletError, ValueError):
        messages.info(request, _("This document is not there any more."))
    return redirect("applicant:wallet")


def _keep(request: HttpRequest, at: datetime) -> None:
    chosen = [one for one in map(plain_word, request.POST.getlist("keep")) if one]
    if not chosen:
        messages.info(request, _("Tick the documents to keep first."))
        return
    kept = keep_for_later(public_ids=chosen, agreed=request.POST.get("agreed", ""), by=request.user, at=at)
    if not kept:
        raise NotInWalletError
    words = ngettext(
        "%(count)s document is kept; you can use it in your next application.",
        "%(count)s documents are kept; you can use them in your next application.",
        kept,
    )
    messages.success(request, words % {"count": kept})
