"""Drafts that go to the counter and back: where they are, and what changed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from services.cases.models import Application, HandOver
from services.cases.queries.forms import form_of
from services.forms.comparing import same
from services.forms.types import displayed
from workflows.queries.together import Question, answers

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class Change:
    """One answer or document before and after. section: key of the section it is changed in; empty for a document."""

    label: str
    before: str
    after: str
    section: str


#: The latest hand-over of a draft, if any, by the draft's key, with the people in it.
LATEST_HANDOVER: Question[HandOver] = Question(
    lambda draft: (
        HandOver.objects.filter(application_id=draft)
        .select_related("taken_by", "made_by", "ended_by")
        .order_by("-made_at", "-id")[:1]
    )
)


def latest_handover(application: Application) -> HandOver | None:
    """Return the latest hand-over of a draft, with the people in it."""
    return next(iter(answers(LATEST_HANDOVER.about(application.pk))[0]), None)


def drafts_held_by(clerk: User, at: datetime) -> QuerySet[HandOver]:
    """Return the drafts a clerk holds with a code, the latest taken first."""
    rows = HandOver.objects.filter(taken_by=clerk, taken_at__isnull=False, ended_at__isnull=True)
    return rows.select_related("application__bundle", "application__service").order_by("-taken_at")


def changes_of(handover: HandOver, *, language: str, now: Mapping[str, Any] | None = None) -> list[Change]:
    """Return what changed at the counter, in the order of the form, then documents.

    now: what the draft holds, for one that has not come back yet.
    """
    before, after = handover.before, now if now is not None else handover.after
    found = []
    for use in form_of(handover.application).uses:
        element = use.element
        was, is_now = (one.get("answers", {}).get(element.code) for one in (before, after))
        if not same(was, is_now):
            found.append(
                Change(
                    label=element.label.in_language(language),
                    before=displayed(element, was, language),
                    after=displayed(element, is_now, language),
                    section=element.section,
                )
            )
    return [*found, *_documents(before.get("documents", []), after.get("documents", []))]


def _documents(before: Sequence[Sequence[str]], after: Sequence[Sequence[str]]) -> list[Change]:
    ids = {one[2] for one in before}, {one[2] for one in after}
    removed = [Change(label=one[0], before=one[1], after="", section="") for one in before if one[2] not in ids[1]]
    added = [Change(label=one[0], before="", after=one[1], section="") for one in after if one[2] not in ids[0]]
    return [*removed, *added]
