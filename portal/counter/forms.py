"""Forms of the window: the completeness check, the licence check, walk-ins and the hand-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext

from portal.ui.steps import StepForm
from portal.ui.wording import is_chinese
from services.cases.enums import MaterialFinding
from services.cases.operations.asking import Missing
from services.cases.queries.casefiles import FiledDocument, FiledSection
from services.catalogue.enums import Necessity
from services.parties.enums import IdentityKind

#: Findings by which a document is not as it should be.
_FAULTS = (MaterialFinding.MISSING, MaterialFinding.WRONG)


class LicenceCheckForm(StepForm):
    """The clerk compared the original of a business licence with the application."""

    def clean(self) -> dict[str, Any]:
        """Ask why the licence is not confirmed."""
        if self.cleaned_data.get("outcome") == "not_confirmed":
            self.need("reasons", _("Say why the licence cannot be confirmed: the application ends with this."))
        return self.cleaned_data


class UnansweredForm(StepForm):
    """The applicant never answered a one-time notice: wait again, or close without a decision."""

    def clean(self) -> dict[str, Any]:
        """Ask why the case is closed: the notice gives the reasons."""
        if self.cleaned_data.get("outcome") == "close":
            self.need("reasons", _("Say how the applicant was reached and why the case is closed: the notice says so."))
        return self.cleaned_data


class CheckForm(StepForm):
    """The completeness check: a finding per document, marks on fields, and how it ends."""

    all_fine = forms.BooleanField(label=_("Every document not marked otherwise is in order"), required=False)
    competent_body = forms.CharField(label=_("The competent body"), required=False, max_length=200)
    promise = forms.CharField(
        label=_("The promise the applicant signed"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        max_length=500,
    )
    promised_by = forms.CharField(label=_("Name of who promised"), required=False, max_length=100)

    def __init__(
        self,
        *args: Any,
        documents: Sequence[FiledDocument],
        sections: Sequence[FiledSection],
        recorded: Sequence[Mapping[str, str]],
        language: str,
        **kwargs: Any,
    ) -> None:
        """Build the form.

        recorded: what the case's questions that wait for the notice ask, to be changed. language: the applicant's, in
        which default sentences to her are written.
        """
        super().__init__(*args, **kwargs)
        self.documents = [one for one in documents if one.need.submitted]
        self.answers = [answer for section in sections for answer in section.answers]
        self.applicant_language = language
        asked = {(item["kind"], item["code"]): item["reason"] for item in recorded}
        for document in self.documents:
            name = document.need.material.name_zh if is_chinese() else document.need.material.name_en
            before, why = document.check.finding if document.check else None, asked.get(("material", document.code))
            before = before if before not in _FAULTS or why is not None else None
            self.fields[f"finding-{document.code}"] = forms.ChoiceField(
                label=name, choices=MaterialFinding, widget=forms.RadioSelect, required=False, initial=before
            )
            self.fields[f"reason-{document.code}"] = forms.CharField(
                label=_("What to do about it"), required=False, max_length=500, initial=why
            )
        for answer in self.answers:
            why = asked.get(("element", answer.element.code))
            self.fields[f"mark-{answer.element.code}"] = forms.BooleanField(
                label=_("To be corrected"), required=False, initial=why is not None
            )
            self.fields[f"why-{answer.element.code}"] = forms.CharField(
                label=_("What to do about it"), required=False, max_length=500, initial=why
            )

    def rows_of(self, document: FiledDocument) -> Mapping[str, Any]:
        """Return a document's own inputs; nothing for one that the applicant does not hand in."""
        if not document.need.submitted:
            return {}
        return {"finding": self[f"finding-{document.code}"], "reason": self[f"reason-{document.code}"]}

    def clean(self) -> dict[str, Any]:
        """Check what the chosen outcome needs, each beside its field."""
        match self.cleaned_data.get("outcome"):
            case "accept" | "grant":
                self._check_complete()
            case "accept_deferred":
                self._check_complete()
                self.need("promise", _("Documents follow later only on a written promise: record its text."))
                self.need("promised_by", _("Enter the name of the person who promised."))
            case "supplement":
                self._check_notice()
            case "not_competent":
                self.need(
                    "competent_body", _("Name the body that is competent, so that the applicant knows where to go.")
                )
                self.need("reasons", _("Say why we are not competent: the notice gives the reasons."))
            case "refuse":
                self.need("reasons", _("Give the reasons of the refusal: the applicant has a right to know them."))
        return self.cleaned_data

    def _finding(self, document: FiledDocument) -> str:
        stated: str = self.cleaned_data.get(f"finding-{document.code}") or ""
        return stated or (MaterialFinding.FINE if self.cleaned_data.get("all_fine") else "")

    def _check_complete(self) -> None:
        for document in self.documents:
            finding, field = self._finding(document), f"finding-{document.code}"
            required = document.need.necessity == Necessity.REQUIRED
            if not finding and required:
                self.add_error(field, _("Say what you found, or tick that everything else is in order."))
            elif finding == MaterialFinding.WRONG or (finding == MaterialFinding.MISSING and required):
                self.add_error(field, _("This is not in order yet: send a one-time notice, or change what you found."))

    def _check_notice(self) -> None:
        for document in self.documents:
            if self._finding(document) == MaterialFinding.WRONG:
                self.need(f"reason-{document.code}", _("Say what the applicant has to do."))
        for answer in self.answers:
            if self.cleaned_data.get(f"mark-{answer.element.code}"):
                self.need(f"why-{answer.element.code}", _("Say what the applicant has to do."))
        if not self.missing and not self.errors:
            self.add_error(None, _("Mark at least one document or field and say what to do about it."))

    @property
    def findings(self) -> dict[str, tuple[str, str]]:
        """What was found, by document, with what to do about it."""
        return {
            document.code: (finding, self._reason(document) if finding in _FAULTS else "")
            for document in self.documents
            if (finding := self._finding(document))
        }

    @property
    def missing(self) -> list[Missing]:
        """What a one-time notice lists: faulty documents first, then marked fields."""
        found = [
            Missing(kind="material", code=document.code, reason=self._reason(document))
            for document in self.documents
            if self._finding(document) in _FAULTS
        ]
        return found + [
            Missing(kind="element", code=answer.element.code, reason=self.cleaned_data[f"why-{answer.element.code}"])
            for answer in self.answers
            if self.cleaned_data.get(f"mark-{answer.element.code}")
            and self.cleaned_data.get(f"why-{answer.element.code}")
        ]

    def _reason(self, document: FiledDocument) -> str:
        stated: str = self.cleaned_data.get(f"reason-{document.code}") or ""
        material = document.need.material
        with override(self.applicant_language):
            name = material.name_zh if is_chinese() else material.name_en
            return stated or pgettext("one-time notice", "Please hand in “%(document)s”.") % {"document": name}


class SendNowForm(forms.Form):
    """Send the notice before every department has looked."""

    use_required_attribute = False

    reason = forms.CharField(
        label=_("Why it does not wait for the others"),
        help_text=_("It stays on record. Whoever has not looked yet sends a notice of its own."),
        error_messages={"required": _("Say why the notice does not wait for the other departments.")},
        max_length=500,
    )


class FindPersonForm(forms.Form):
    """Find the person who stands at the window by the number on her document."""

    use_required_attribute = False

    id_kind = forms.ChoiceField(label=_("Identity document"), choices=IdentityKind)
    id_number = forms.CharField(
        label=_("Number"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )


class RegisterPersonForm(FindPersonForm):
    """Register somebody who is not known yet, from the document she shows."""

    name = forms.CharField(label=_("Name as on the document"), max_length=100)
    birth_date = forms.DateField(
        label=_("Date of birth"),
        required=False,
        help_text=_("Only for documents whose number does not hold it."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    mobile = forms.CharField(label=_("Mobile number"), required=False, max_length=20)

    field_order = ["id_kind", "id_number", "name", "birth_date", "mobile"]


class HandOutForm(forms.Form):
    """Hand papers out to somebody who signs for them."""

    use_required_attribute = False

    papers = forms.MultipleChoiceField(
        label=_("Papers"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one paper that was not handed out before.")},
    )
    collected_by = forms.CharField(
        label=_("Name of who takes them"),
        help_text=_("As on the identity document you looked at; she signs the delivery list."),
        error_messages={
            "required": _("Enter the name of the person who takes the papers: it is the proof of delivery.")
        },
        max_length=100,
    )

    def __init__(self, *args: Any, papers: Sequence[Any], **kwargs: Any) -> None:
        """Build the form. papers: those that wait at the window."""
        super().__init__(*args, **kwargs)
        self.fields["papers"].choices = [  # type: ignore[attr-defined]
            (str(paper.pk), paper.title_zh if is_chinese() else paper.title_en) for paper in papers
        ]
        if "papers" not in self.data:
            self.initial.setdefault("papers", [str(paper.pk) for paper in papers])


class GuardianForm(forms.Form):
    """A guardian of the child at hand, by her identity document and the papers that show it."""

    id_kind = forms.ChoiceField(
        label=_("Identity document of the guardian"), choices=IdentityKind, initial=IdentityKind.RESIDENT_ID
    )
    id_number = forms.CharField(
        label=_("Number of the identity document of the guardian"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    evidence = forms.CharField(label=_("Papers seen"), max_length=200)
