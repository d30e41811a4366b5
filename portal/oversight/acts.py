"""What each act of a manager means, in words: its page says so before anything is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.oversight.wording import consequence_of, named
from portal.ui.wording import is_chinese
from services.cases.models import Case
from services.cases.queries.incidents import Incident
from services.parties.queries import departments
from services.supervision.models import Card, SupervisionOrder
from workflows.clocks import Threshold
from workflows.models import Task


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a page asks to confirm. means: what follows from it, a sentence each. back: where it leads afterwards.

    page: the rail's name of where it belongs.
    """

    title: str
    about: str
    means: Sequence[str]
    button: str
    tone: str
    icon: str
    back: str
    page: str = "board"


def holding(case: Case) -> Act:
    """Let a whole application stand still."""
    return Act(
        title=_("Put the application on hold"),
        about=_whole(case),
        means=[
            _("All of its cases stand still, in every department: nobody can end a step, no automatic step runs."),
            _("Every legal time limit goes on. A hold excuses no delay."),
            _("The applicant and the departments read your reason. She can still withdraw the application."),
        ],
        button=_("Put it on hold"),
        tone="btn-danger",
        icon="pause-circle",
        back=_page(case),
    )


def releasing(case: Case) -> Act:
    """Let a held application go on."""
    return Act(
        title=_("Let the application go on"),
        about=_whole(case),
        means=[
            _("Everybody can work on its cases again. What came due meanwhile happens now, in order."),
            _("The applicant is told."),
        ],
        button=_("Let it go on"),
        tone="btn-primary",
        icon="play-circle",
        back=_page(case),
    )


def giving(case: Case, task: Task) -> Act:
    """Give an open task to a colleague of its post."""
    names = {one.code: named(one) for one in departments()}
    holder = task.assignee.get_full_name() if task.assignee is not None else _("nobody yet")
    return Act(
        title=_("Give the task to a colleague"),
        about=f"{case.number} · {named(task)} · {names.get(task.department, task.department)}",
        means=[
            _("Now in the hands of: %(name)s.") % {"name": holder},
            _("Only who holds the same post and had no other part in the case can be chosen."),
        ],
        button=_("Give the task"),
        tone="btn-primary",
        icon="person-check",
        back=_page(case),
    )


def skipping(incident: Incident) -> Act:
    """Let a case go on without an automatic step that failed."""
    return Act(
        title=_("Skip the step “%(step)s”") % {"step": named(incident.step)},
        about=incident.number,
        means=[
            consequence_of(incident.job.action),
            _("The step is not caught up later. The case goes on with what follows it."),
            _("Your name and your reason stand on the case's page."),
        ],
        button=_("Skip this step"),
        tone="btn-danger",
        icon="skip-forward",
        back=reverse("oversight:incidents"),
        page="incidents",
    )


def allowing(case: Case, asks: Sequence[tuple[Mapping[str, str], str]]) -> Act:
    """Let a case be asked a second time."""
    language = "zh" if is_chinese() else "en"
    things = [f"{name[language]}{_(': ')}{reason}" for name, reason in asks]
    return Act(
        title=_("Allow a second one-time notice"),
        about=f"{case.number} · {named(case.service)}",
        means=[
            _("The law wants everything missing told once. Your reason stays on record, and the notice is counted."),
            *things,
        ],
        button=_("Allow the second notice"),
        tone="btn-primary",
        icon="send-check",
        back=_page(case),
    )


def ordering(case: Case) -> Act:
    """Issue a supervision order about a case."""
    return Act(
        title=_("Issue a supervision order"),
        about=f"{case.number} · {named(case.service)} · {named(case.department)}",
        means=[
            _("The head of the department is told and must reply in writing within the working days you give."),
            _("Nothing changes in the case itself: its limits and tasks go on."),
            _("Your name, your words and every reply stay in the order's story."),
        ],
        button=_("Issue the order"),
        tone="btn-primary",
        icon="megaphone",
        back=_page(case),
    )


def withdrawing(order: SupervisionOrder) -> Act:
    """Take a supervision order back."""
    return Act(
        title=_("Withdraw the order"),
        about=order.number,
        means=[_("The department need not reply any more."), _("The order stays on the list, as withdrawn.")],
        button=_("Withdraw it"),
        tone="btn-danger",
        icon="x-circle",
        back=reverse("oversight:order", args=[order.number]),
        page="orders",
    )


def revoking(card: Card) -> Act:
    """Take a card back."""
    return Act(
        title=_("Revoke the card"),
        about=_card(card),
        means=[
            _("The card counts no more in any figure."),
            _("It stays on the list with your reason; an appeal that waits is granted by it."),
            _("The head of the department is told."),
        ],
        button=_("Revoke the card"),
        tone="btn-danger",
        icon="x-circle",
        back=reverse("oversight:card", args=[card.pk]),
        page="cards",
    )


def rejecting(card: Card) -> Act:
    """Let a card stand against its appeal."""
    return Act(
        title=_("Reject the appeal"),
        about=_card(card),
        means=[
            _("The card stands. The department cannot appeal against it a second time."),
            _("The head of the department is told your reason."),
        ],
        button=_("Reject the appeal"),
        tone="btn-primary",
        icon="hand-thumbs-down",
        back=reverse("oversight:card", args=[card.pk]),
        page="cards",
    )


def removing_rule(rule: Threshold, words: str) -> Act:
    """Publish the rules without one of them. words: the rule as a sentence."""
    return Act(
        title=_("Remove the rule %(code)s") % {"code": rule.code},
        about=words,
        means=[
            _("A new version of the rules without this one holds from now on."),
            _("What was due by then still happens; nothing that happened is undone."),
        ],
        button=_("Publish without this rule"),
        tone="btn-danger",
        icon="trash",
        back=reverse("oversight:rules"),
        page="rules",
    )


def _card(card: Card) -> str:
    about = card.case.number if card.case is not None else card.department
    return f"{card.get_level_display()} · {card.get_clock_kind_display()} · {about}"


def _whole(case: Case) -> str:
    return f"{case.application.number} · {named(case.application.offer)}"


def _page(case: Case) -> str:
    return reverse("oversight:case", args=[case.public_id])
