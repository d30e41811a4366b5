"""Fill in a section. Every change is kept, valid or not; leaving a section checks it.

The page carries the marks of the answers it was made from, so a page that is open twice overwrites nothing unseen:
what was changed on one side only is taken from there, and where both changed the same answer she chooses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.context_processors import doors_answered, doors_asked
from portal.applicant.access import Opened, opened_draft_or_404
from portal.applicant.parts import Surroundings, contested_slot, page_parts
from portal.ui.early import early_page
from portal.ui.wording import is_chinese
from services.cases.models import Application
from services.cases.operations.drafts import confirm_answers
from services.cases.operations.sections import SavedSection, save_section
from services.cases.queries.forms import form_answers
from services.cases.queries.handovers import LATEST_HANDOVER
from services.cases.queries.kept import kept_form_of, kept_services_of, with_kept_offer
from services.cases.queries.prefilling import READINGS
from services.cases.queries.provenance import origins_of
from services.forms.build import SectionForm, form_class, with_answer
from services.forms.fields import field_name
from services.forms.merging import Merge, marks_of, read_base, write_base
from services.forms.schema import FormSchema
from workflows.queries.together import answers

TEMPLATE = "applicant/section.html"
BASE, CHOOSE = "base", "choose-"


@dataclass(frozen=True, kw_only=True)
class _Page:
    """A section of a draft as it is asked now."""

    draft: Application
    schema: FormSchema
    key: str
    edition: str

    @property
    def names(self) -> Mapping[str, str]:
        """Names of the section's inputs by element code."""
        return {use.element.code: field_name(use.element.code) for use in self.schema.section(self.key).uses}

    def form(self, data: Any, answers: Mapping[str, object]) -> SectionForm:
        """Return the section's form over these answers."""
        made = form_class(self.schema, self.key, get_language() or "zh-hans")
        return made(data, answers=answers, today=timezone.localdate())


@require_http_methods(["GET", "POST"])
def section(request: HttpRequest, public_id: str, key: str) -> HttpResponseBase:
    """Show and store one section; the autosave answers with its status line and what else changed on the page."""
    opened = opened_draft_or_404(request, public_id)
    draft, at = with_kept_offer(opened.application, opened.edition), opened.at
    page = _Page(draft=draft, schema=kept_form_of(draft, opened.edition), key=key, edition=opened.edition)
    if key not in {section.key for section in page.schema.sections}:
        # Another answer about the situation may have taken the section away since somebody kept its address.
        return redirect("applicant:application", public_id)
    if request.method == "GET":
        title = page.schema.section(key).title.in_language(get_language() or "zh-hans")
        return early_page(request, TEMPLATE, partial(_untouched, request, page, opened), title=title)
    form = page.form(request.POST, form_answers(draft))
    chosen = _chosen(request, page)
    saved = _saved(request, page, form, chosen, at)
    page = replace(page, draft=saved.application)
    if request.headers.get("HX-Request") and "save" not in request.POST:
        return _autosaved(request, page, form, saved.merge, chosen, at)
    if saved.merge.newer:  # what another window changed is shown, and counts, instead of what stood here
        form = page.form(_with(request.POST, page, saved.merge), form_answers(saved.application))
    told = saved.merge.newer.keys() - chosen.keys()
    if told or saved.merge.contested or form.rows_changed or not form.is_valid():
        return _shown(request, page, form, saved.merge)
    confirm_answers(application_id=draft.pk, codes=form.checked.visible & page.names.keys(), by=request.user, at=at)
    return redirect(_next(page))


def _chosen(request: HttpRequest, page: _Page) -> dict[str, str]:
    """Return what she decided about answers that were changed in two windows, by element code."""
    return {
        code: str(request.POST[f"{CHOOSE}{name}"])
        for code, name in page.names.items()
        if f"{CHOOSE}{name}" in request.POST
    }


def _saved(
    request: HttpRequest, page: _Page, form: SectionForm, chosen: Mapping[str, str], at: datetime
) -> SavedSection:
    return save_section(
        application_id=page.draft.pk,
        section=page.key,
        sent=form.answers_to_save,
        base=read_base(request.POST.get(BASE, ""), page.names),
        chosen=chosen,
        by=request.user,
        at=at,
    )


def _with(data: Any, page: _Page, merge: Merge) -> Any:
    """Return what was sent with the answers that are newer elsewhere instead of the page's own."""
    given = data.copy()
    for use in page.schema.section(page.key).uses:
        code = use.element.code
        if code in merge.newer:
            given = with_answer(given, use.element, merge.newer[code])
    return given


def _around(request: HttpRequest, page: _Page, merge: Merge) -> Surroundings:
    services = kept_services_of(page.draft, page.edition)
    names = {one.code: one.name_zh if is_chinese() else one.name_en for one in services} if len(services) > 1 else {}
    return Surroundings(
        services=names,
        origins=origins_of(page.draft, reader=request.user, codes=page.names),
        contested=merge.contested,
    )


def _base(page: _Page, request: HttpRequest, merge: Merge) -> str:
    """Return the marks for the page's next saving; contested answers keep theirs until she has chosen."""
    before = read_base(request.POST.get(BASE, ""), page.names)
    base = marks_of(page.draft.answers, page.names) | {code: before.get(code, "") for code in merge.contested}
    return write_base(base, page.names)


def _shown(request: HttpRequest, page: _Page, form: SectionForm, merge: Merge) -> HttpResponse:
    return render(request, TEMPLATE, _context(request, page, form, merge))


def _untouched(request: HttpRequest, page: _Page, opened: Opened) -> dict[str, Any]:
    """Return what the page shows of the stored answers."""
    questions = LATEST_HANDOVER.about(page.draft.pk), READINGS.about(page.draft.pk)
    handovers, readings, *doors = answers(*questions, *doors_asked(request))
    doors_answered(request, doors)
    read = {"around": opened, "handover": next(iter(handovers), None), "readings": readings}
    return {**_context(request, page, page.form(None, form_answers(page.draft)), Merge()), **read}


def _context(request: HttpRequest, page: _Page, form: SectionForm, merge: Merge) -> dict[str, Any]:
    around = _around(request, page, merge)
    parts = list(page_parts(form, around))
    asked = [part for part in parts if part.asked]
    return {
        "draft": page.draft,
        "form": form,
        "section": page.schema.section(page.key),
        "parts": parts,
        "base": _base(page, request, merge),
        "to_confirm": sum(bool(one and one.waits) for one in (around.origins.get(part.code) for part in asked)),
        "merge": merge,
        "told": merge.newer.keys() - _chosen(request, page).keys(),
        "place": _place(page),
        "next": _next(page),
    }


def _place(page: _Page) -> tuple[int, int]:
    keys = [section.key for section in page.schema.sections]
    return keys.index(page.key) + 1, len(keys)


def _autosaved(
    request: HttpRequest, page: _Page, sent: SectionForm, merge: Merge, chosen: Mapping[str, str], at: datetime
) -> HttpResponse:
    """Answer an autosave: its line, the page's new marks, and the parts that came, went or changed elsewhere."""
    form = page.form(None, form_answers(page.draft))
    uses = {use.element.code: use for use in form.section.uses}
    asked = {use.element.code for use in form.uses}
    before = {code for code, name in page.names.items() if name in sent.shown_before}
    lists = {code for code in merge.accepted if code in uses and uses[code].element.type == "place"}
    swap = frozenset(lists | merge.newer.keys() | ((asked ^ before) if before else set()))
    around = _around(request, page, merge) if swap else Surroundings(services={}, origins={}, contested={})
    slots = {**dict.fromkeys(chosen), **merge.contested}
    context = {
        "saved_at": at,
        "form": form,
        "base": _base(page, request, merge),
        "parts": list(page_parts(form, around, swap=swap)),
        "slots": [contested_slot(uses[code], both) for code, both in slots.items() if code not in swap],
        "told": merge.newer.keys() - chosen.keys(),
        "merge": merge,
    }
    return render(request, "applicant/section_saved.html", context)


def _next(page: _Page) -> str:
    """Return the address of the section after this one, or of the task list after the last."""
    keys = [section.key for section in page.schema.sections]
    place = keys.index(page.key)
    if place + 1 < len(keys):
        return reverse("applicant:section", args=[page.draft.public_id, keys[place + 1]])
    return reverse("applicant:application", args=[page.draft.public_id])


@require_GET
def signed_in(request: HttpRequest) -> HttpResponse:
    """Say that she is signed in again, in a tab opened beside a form that was being filled in."""
    return render(request, "applicant/signed_in.html")
