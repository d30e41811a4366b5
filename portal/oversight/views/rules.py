"""The threshold rules: what holds now in sentences, earlier versions, and the form that publishes a new one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.oversight.access import overseers_only
from portal.oversight.acts import removing_rule
from portal.oversight.forms import ReasonForm
from portal.oversight.rail import rail
from portal.oversight.rule_form import RuleForm
from portal.oversight.rule_sentences import rule_words, sentence
from portal.oversight.views.interventions import asked
from services.supervision.operations.refusals import REFUSALS, sentence_for
from services.supervision.operations.rules import publish_rules
from services.supervision.permissions import can_supervise
from services.supervision.queries.rules import clocks_touched
from workflows.clocks import Threshold, ThresholdRulesError, parse_thresholds
from workflows.models import ThresholdRules
from workflows.operations.thresholds import check_rules
from workflows.queries.thresholds import RulesVersion, current_rules

SHOWN_VERSIONS = 20


@require_safe
@overseers_only
def rules(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """Show the rules that hold now, and the versions."""
    current = current_rules()
    context = {
        "number": current.number,
        "rules": [rule_words(rule) for rule in current.thresholds],
        "versions": ThresholdRules.objects.select_related("published_by")[:SHOWN_VERSIONS],
        "may_change": can_supervise(request.user, at),
        "rail": rail("rules"),
        "keys": [],
    }
    return render(request, "oversight/rules.html", context)


@require_safe
@overseers_only
def version(request: HttpRequest, number: int, *, at: datetime) -> HttpResponse:
    """Show an earlier version as it was published."""
    found = get_object_or_404(ThresholdRules.objects.select_related("published_by"), number=number)
    context = {
        "version": found,
        "rules": [rule_words(rule) for rule in parse_thresholds(found.rules)],
        "rail": rail("rules"),
        "keys": [],
    }
    return render(request, "oversight/rules_version.html", context)


@require_http_methods(["GET", "POST"])
@overseers_only
def new(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """Write a new rule."""
    return _edited(request, None, at)


@require_http_methods(["GET", "POST"])
@overseers_only
def change(request: HttpRequest, code: str, *, at: datetime) -> HttpResponse:
    """Change a rule; one that the law makes is locked."""
    return _edited(request, _rule(code), at)


@require_http_methods(["GET", "POST"])
@overseers_only
def remove(request: HttpRequest, code: str, *, at: datetime) -> HttpResponse:
    """Publish the rules without one of them."""
    if not can_supervise(request.user, at):
        raise PermissionDenied
    rule, current = _rule(code), current_rules()
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        missing=_("Say why the rules are changed."),
        help_text=_("It stays beside the version."),
    )

    def do() -> str:
        left = [one.as_rule() for one in current.thresholds if one.code != rule.code]
        note = form.cleaned_data["reason"]
        published = publish_rules(rules=left, based_on=current.number, note=note, by=request.user, at=at)
        return _("Version %(number)s of the rules holds from now on.") % {"number": published.number}

    return asked(request, removing_rule(rule, sentence(rule, get_language() or "zh-hans")), form, do)


def _rule(code: str) -> Threshold:
    """Return a rule that a manager may change."""
    rule = current_rules().by_code.get(code)
    if rule is None or rule.law:
        raise Http404
    return rule


def _edited(request: HttpRequest, rule: Threshold | None, at: datetime) -> HttpResponse:
    """Show the form; POST shows what the rule would mean, or publishes it as a new version."""
    if not can_supervise(request.user, at):
        raise PermissionDenied
    current = current_rules()
    form = RuleForm(request.POST if request.method == "POST" else None, rule=rule, based_on=current.number)
    preview: dict[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        wanted = _with(current, form.rule)
        try:
            if rule is None and form.rule["code"] in current.by_code:
                form.add_error("code", _("There is a rule with this short name already. Choose another."))
            elif "preview" in request.POST:
                preview = _preview(wanted, form.rule["code"], rule)
            else:
                return _published(request, form, wanted, at)
        except ThresholdRulesError as error:
            for text in error.sentences(get_language() or "zh-hans"):
                form.add_error(None, text)
        except REFUSALS as error:
            form.add_error(None, sentence_for(error))
            form.data = form.data.copy()  # type: ignore[attr-defined]
            form.data["based_on"] = current_rules().number
    context = {
        "form": form,
        "rule": rule,
        "rest": rule_words(rule).follows if rule is not None and form.rest else [],
        "preview": preview,
        "rail": rail("rules"),
        "keys": [],
    }
    return render(request, "oversight/rule.html", context, status=422 if form.errors else 200)


def _with(current: RulesVersion, rule: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the current rules with one replaced in its place, or added at the end."""
    written = [one.as_rule() for one in current.thresholds]
    places = [place for place, one in enumerate(written) if one["code"] == rule["code"]]
    if not places:
        return [*written, rule]
    written[places[0]] = rule
    return written


def _preview(wanted: list[dict[str, Any]], code: str, before: Threshold | None) -> dict[str, Any]:
    made = next(one for one in check_rules(wanted) if one.code == code)
    kinds = set(made.kinds) | set(before.kinds if before is not None else ())
    return {"zh": sentence(made, "zh-hans"), "en": sentence(made, "en"), "touched": clocks_touched(kinds)}


def _published(request: HttpRequest, form: RuleForm, wanted: list[dict[str, Any]], at: datetime) -> HttpResponse:
    given = form.cleaned_data
    published = publish_rules(rules=wanted, based_on=given["based_on"], note=given["note"], by=request.user, at=at)
    words = _("Version %(number)s of the rules holds from now on.") % {"number": published.number}
    messages.success(request, words)
    return redirect("oversight:rules")
