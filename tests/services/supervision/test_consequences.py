"""Notices, cards, escalations and orders that follow from thresholds, for many clocks at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from services.cases.operations.withdrawals import withdraw_application
from services.notifications.models import Notice
from services.supervision.models import Card, Escalation, SupervisionOrder
from tests.factories.applications import user
from tests.services.supervision.conftest import AT, accepted, carry, clock_of, reached
from workflows.consequences import consequence
from workflows.models import Clock, Task
from workflows.operations.tasks import claim_task

pytestmark = pytest.mark.usefixtures("city")


def told(kind: str, channel: str = "inbox") -> list[str]:
    return sorted(Notice.objects.filter(kind=kind, channel=channel).values_list("recipient__username", flat=True))


def test_each_recipient_is_told_once_per_threshold(late_clock: Clock) -> None:
    at = late_clock.due_at
    for _ in range(2):
        carry("notify", reached(late_clock), at=at, to=["holder", "head", "manager"], message="deadline_overdue")
    assert told("deadline_overdue") == ["city-handler", "city-head", "manager"]
    carry("notify", reached(late_clock, "again"), at=at, to=["head"], message="deadline_overdue")
    assert told("deadline_overdue").count("city-head") == 2


def the_task(clock: Clock) -> Task:
    return Task.objects.get(subject_kind="case", subject_id=clock.subject_id, state="ready")


def test_who_claimed_the_task_holds_it_alone(late_clock: Clock) -> None:
    claim_task(task_id=the_task(late_clock).pk, by=user("city-handler"), at=AT)
    carry("notify", reached(late_clock), at=late_clock.due_at, to=["holder"], message="deadline_overdue")
    assert told("deadline_overdue") == ["city-handler"]


def test_links_lead_each_to_her_own_door(late_clock: Clock) -> None:
    carry("notify", reached(late_clock), at=late_clock.due_at, to=["head", "manager"], message="deadline_overdue")
    links = dict(
        Notice.objects.filter(channel="inbox", kind="deadline_overdue").values_list("recipient__username", "link")
    )
    assert links["city-head"].startswith("/desk/cases/")
    assert links["manager"].startswith("/oversight/cases/")


def test_channels_are_narrowed_but_never_the_inbox(late_clock: Clock) -> None:
    carry(
        "notify", reached(late_clock), at=late_clock.due_at, to=["head"], message="deadline_overdue", channels=["sms"]
    )
    assert set(Notice.objects.filter(kind="deadline_overdue").values_list("channel", flat=True)) == {"inbox"}


def test_old_news_and_ended_cases_tell_nobody(late_clock: Clock) -> None:
    case = accepted()
    at = late_clock.due_at
    carry("notify", reached(late_clock, superseded=True), at=at, to=["head"], message="deadline_overdue")
    one = reached(clock_of(case))
    withdraw_application(application_id=case.application_id, by=case.application.filed_by, at=AT)
    carry("notify", one, at=at, to=["head"], message="deadline_overdue")
    for do in ("card", "escalate", "supervision_order"):
        carry(do, one, at=at)
    assert told("deadline_overdue") == []
    assert not Card.objects.exists()
    assert not Escalation.objects.exists()
    assert not SupervisionOrder.objects.exists()


def test_a_late_notice_says_so_in_both_languages(late_clock: Clock) -> None:
    at = late_clock.due_at + timedelta(days=2)
    carry("notify", reached(late_clock, late=True), at=at, to=["head"], message="deadline_overdue")
    notice = Notice.objects.get(kind="deadline_overdue", channel="inbox")
    with override("en"):
        assert "sent late after an interruption" in notice.message.body
    with override("zh-hans"):
        assert "补发" in notice.message.body


def test_the_applicant_and_her_agents_are_reminded(late_clock: Clock) -> None:
    one = reached(late_clock, "applicant_reminder", "", clock_kind="correction")
    carry("notify", one, at=AT, to=["applicant"], message="deadline_reminder")
    assert told("deadline_reminder") == ["agent", "owner"]
    assert Notice.objects.filter(kind="deadline_reminder").first().link.startswith("/my/applications/")


def test_a_light_gives_one_card_with_the_people_of_that_moment(late_clock: Clock) -> None:
    for _ in range(2):
        carry("card", reached(late_clock), at=late_clock.due_at)
    card = Card.objects.get()
    assert (card.level, card.department, card.clock_kind) == ("red", late_clock.department, "promised")
    assert card.case_id == int(late_clock.subject_id)
    assert [one["user"] for one in card.responsible] == [None]
    assert card.responsible[0]["task"] == the_task(late_clock).pk
    carry("card", reached(late_clock, "no_light", ""), at=late_clock.due_at)
    assert Card.objects.count() == 1


def test_escalating_lays_it_before_the_head_once(late_clock: Clock) -> None:
    for _ in range(2):
        carry("escalate", reached(late_clock), at=late_clock.due_at)
    assert Escalation.objects.get().department == late_clock.department
    assert told("deadline_escalated") == ["city-head"]


def test_a_rule_has_one_open_order_on_a_clock(late_clock: Clock) -> None:
    for _ in range(2):
        carry("supervision_order", reached(late_clock, "red_order", ""), at=late_clock.due_at, reply_days=2)
    order = SupervisionOrder.objects.get()
    assert (order.rule, order.level, order.state, order.issued_by) == ("red_order", "red", "awaiting_reply", None)
    assert order.content_zh
    assert order.content_en
    reply = Clock.objects.get(subject_kind="supervision_order", subject_id=str(order.pk))
    assert (reply.kind, reply.limit_amount, reply.started_at) == ("supervision_reply", 2, late_clock.due_at)
    assert told("supervision_order_issued") == ["city-head"]
    assert f"/desk/orders/{order.number}/" in Notice.objects.get(kind="supervision_order_issued", channel="inbox").link


def test_an_order_unanswered_is_told_to_head_and_manager(late_clock: Clock) -> None:
    carry("supervision_order", reached(late_clock, "red_order", ""), at=late_clock.due_at)
    order = SupervisionOrder.objects.get()
    reply = Clock.objects.get(subject_kind="supervision_order", subject_id=str(order.pk))
    carry("notify", reached(reply, "reply_red"), at=reply.due_at, to=["head", "manager"], message="deadline_overdue")
    assert {"city-head", "manager"} <= set(told("deadline_overdue"))
    notice = Notice.objects.get(kind="deadline_overdue", channel="inbox", recipient__username="manager")
    assert notice.link == f"/oversight/orders/{order.number}/"


@pytest.mark.parametrize("do", ["notify", "card", "escalate", "supervision_order"])
def test_the_number_of_questions_does_not_grow(do: str) -> None:
    clocks = [clock_of(accepted()) for _ in range(6)]
    options = {"to": ["holder", "head", "manager"], "message": "deadline_overdue"} if do == "notify" else {}
    counts = []
    for some in (clocks[:1], clocks[1:2], clocks[2:]):  # the first finds the year's series of numbers not begun
        with CaptureQueriesContext(connection) as asked:
            carry(do, *(reached(one) for one in some), at=clocks[0].due_at, **options)
        counts.append(len(asked))
    assert counts[1] == counts[2] <= 25


@pytest.mark.parametrize(
    ("do", "options", "fine"),
    [
        ("notify", {"to": ["holder"], "message": "deadline_warning"}, True),
        ("notify", {"to": ["holder", "head"], "message": "deadline_overdue", "channels": ["email"]}, True),
        ("notify", {"to": ["applicant"], "message": "deadline_reminder"}, True),
        ("notify", {"to": [], "message": "deadline_warning"}, False),
        ("notify", {"to": "head", "message": "deadline_warning"}, False),
        ("notify", {"to": ["mayor"], "message": "deadline_warning"}, False),
        ("notify", {"to": ["head"], "message": "case_granted"}, False),
        ("notify", {"to": ["head"]}, False),
        ("notify", {"to": ["applicant", "head"], "message": "deadline_reminder"}, False),
        ("notify", {"to": ["applicant"], "message": "deadline_overdue"}, False),
        ("notify", {"to": ["head"], "message": "deadline_reminder"}, False),
        ("notify", {"to": ["head"], "message": "deadline_overdue", "channels": ["pigeon"]}, False),
        ("notify", {"to": ["head"], "message": "deadline_overdue", "text": "x"}, False),
        ("card", {}, True),
        ("card", {"level": "red"}, False),
        ("escalate", {}, True),
        ("escalate", {"to": "head"}, False),
        ("supervision_order", {}, True),
        ("supervision_order", {"reply_days": 5}, True),
        ("supervision_order", {"reply_days": 0}, False),
        ("supervision_order", {"reply_days": True}, False),
        ("supervision_order", {"reply_days": 3, "to": "head"}, False),
    ],
)
def test_options_are_checked_before_rules_are_published(do: str, options: dict, fine: bool) -> None:
    assert (consequence(do).check(options) == "") is fine
