"""Supervision orders: who may do what when, twice is once, and two at the same time never both win."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.cases.operations.drafts import NotAllowedError
from services.notifications.models import Notice
from services.supervision.enums import OrderState
from services.supervision.models import SupervisionOrder
from services.supervision.operations.orders import (
    accept_reply,
    issue_order,
    reply_to_order,
    send_back_reply,
    withdraw_order,
)
from services.supervision.operations.refusals import (
    NotAwaitingReplyError,
    NothingToJudgeError,
    OrderClosedError,
    OrderStillOpenError,
    WordsMissingError,
    sentence_for,
)
from services.supervision.permissions import orders_visible_to
from tests.factories.applications import user
from tests.services.supervision.conftest import AT, accepted
from workflows.models import Clock, HistoryEvent
from workflows.operations.history import first_broken_row

pytestmark = pytest.mark.usefixtures("city")

NOON = AT + timedelta(hours=2)
LATER = AT + timedelta(days=1)


@pytest.fixture
def order(city: None) -> SupervisionOrder:
    return issue_order(case_id=accepted().pk, content_zh="请说明进度。", content_en="", by=user("manager"), at=NOON)


def reply(order: SupervisionOrder, text: str = "正在办理，明日办结。") -> SupervisionOrder:
    return reply_to_order(order_id=order.pk, text=text, by=user("city-head"), at=LATER)


def reply_clocks(order: SupervisionOrder) -> list[bool]:
    """Return for each reply clock, the oldest first, whether it runs."""
    clocks = Clock.objects.filter(subject_kind="supervision_order", subject_id=str(order.pk)).order_by("id")
    return [clock.stopped_at is None for clock in clocks]


def told(kind: str) -> list[str]:
    return sorted(Notice.objects.filter(kind=kind, channel="inbox").values_list("recipient__username", flat=True))


def test_a_manager_orders_and_the_head_is_told(order: SupervisionOrder) -> None:
    assert order.number.startswith("JC-2026-")
    assert order.content_en == order.content_zh
    assert reply_clocks(order) == [True]
    assert told("supervision_order_issued") == ["city-head"]


def test_an_order_goes_its_way_and_history_keeps_all_of_it(order: SupervisionOrder) -> None:
    reply(order)
    assert reply_clocks(order) == [False]
    assert told("supervision_order_replied") == ["manager"]
    send_back_reply(order_id=order.pk, round=1, remark="请写明原因。", by=user("manager"), at=LATER)
    assert reply_clocks(order) == [False, True]
    assert told("supervision_order_sent_back") == ["city-head"]
    reply(order, "人手不足，已调配。")
    accept_reply(order_id=order.pk, round=2, by=user("manager"), at=LATER)
    order.refresh_from_db()
    assert (order.state, order.outcome, order.closed_by) == (OrderState.CLOSED, "accepted", user("manager"))
    assert reply_clocks(order) == [False, False]
    assert told("supervision_order_accepted") == ["city-head"]
    assert [one.verdict for one in order.replies.all()] == ["sent_back", "accepted"]
    events = HistoryEvent.objects.filter(root=order.root, kind__startswith="order_").order_by("seq")
    kinds = [event.kind for event in events]
    assert kinds == ["order_issued", "order_replied", "order_sent_back", "order_replied", "order_closed"]
    order.root.refresh_from_db()
    assert first_broken_row(order.root) is None


def test_everything_done_twice_is_done_once(order: SupervisionOrder) -> None:
    manager = user("manager")
    again = issue_order(case_id=order.case_id, content_zh="请说明进度。", content_en="", by=manager, at=LATER)
    assert again == order
    for _ in range(2):
        reply(order)
    for _ in range(2):
        send_back_reply(order_id=order.pk, round=1, remark="不够具体。", by=manager, at=LATER)
    for _ in range(2):
        reply(order, "已办结。")
    for _ in range(2):
        accept_reply(order_id=order.pk, round=2, by=manager, at=LATER)
    assert order.replies.count() == 2
    assert HistoryEvent.objects.filter(root=order.root, kind__startswith="order_").count() == 5
    assert told("supervision_order_issued") == ["city-head"]


#: What each act meets in each state: "" is allowed.
REFUSED = {
    "awaiting_reply": {"accept": NothingToJudgeError, "send_back": NothingToJudgeError},
    "replied": {"reply": NotAwaitingReplyError, "issue": OrderStillOpenError},
    "closed": {
        "reply": OrderClosedError,
        "accept": OrderClosedError,
        "send_back": OrderClosedError,
        "withdraw": OrderClosedError,
    },
}


def acts(order: SupervisionOrder) -> dict:
    manager, head = user("manager"), user("city-head")
    words = {"order_id": order.pk, "at": LATER}
    return {
        "issue": lambda: issue_order(case_id=order.case_id, content_zh="另一件。", content_en="", by=manager, at=LATER),
        "reply": lambda: reply_to_order(text="另一个答复。", by=head, **words),
        "accept": lambda: accept_reply(round=2, by=manager, **words),
        "send_back": lambda: send_back_reply(round=2, remark="请补充。", by=manager, **words),
        "withdraw": lambda: withdraw_order(reason="误发。", by=manager, **words),
    }


@pytest.mark.parametrize(("state", "act"), [(state, act) for state, some in REFUSED.items() for act in some])
def test_what_is_refused_in_which_state(order: SupervisionOrder, state: str, act: str) -> None:
    if state != "awaiting_reply":
        reply(order)
    if state == "closed":
        accept_reply(order_id=order.pk, round=1, by=user("manager"), at=LATER)
    with pytest.raises(REFUSED[state][act]) as refused:
        acts(order)[act]()
    assert sentence_for(refused.value)
    order.refresh_from_db()
    assert order.state == state


def test_a_withdrawn_order_asks_nothing_more(order: SupervisionOrder) -> None:
    for _ in range(2):
        withdraw_order(order_id=order.pk, reason="误发。", by=user("manager"), at=LATER)
    assert reply_clocks(order) == [False]
    assert told("supervision_order_withdrawn") == ["city-head"]
    with pytest.raises(OrderClosedError):
        reply(order)


def test_words_are_needed(order: SupervisionOrder) -> None:
    manager = user("manager")
    with pytest.raises(WordsMissingError):
        issue_order(case_id=order.case_id, content_zh=" ", content_en="", by=manager, at=LATER)
    with pytest.raises(WordsMissingError):
        reply(order, "  ")
    with pytest.raises(WordsMissingError):
        withdraw_order(order_id=order.pk, reason="", by=manager, at=LATER)
    reply(order)
    with pytest.raises(WordsMissingError):
        send_back_reply(order_id=order.pk, round=1, remark="", by=manager, at=LATER)


@pytest.mark.parametrize("name", ["city-handler", "fire-head", "manager", "auditor", "owner", "clerk"])
def test_only_the_departments_head_replies(order: SupervisionOrder, name: str) -> None:
    with pytest.raises(NotAllowedError):
        reply_to_order(order_id=order.pk, text="好。", by=user(name), at=LATER)


@pytest.mark.parametrize("name", ["city-head", "auditor", "clerk", "owner"])
def test_only_a_manager_issues_and_judges(order: SupervisionOrder, name: str) -> None:
    reply(order)
    someone = user(name)
    for act in (
        lambda: issue_order(case_id=order.case_id, content_zh="好。", content_en="", by=someone, at=LATER),
        lambda: accept_reply(order_id=order.pk, round=1, by=someone, at=LATER),
        lambda: send_back_reply(order_id=order.pk, round=1, remark="好。", by=someone, at=LATER),
        lambda: withdraw_order(order_id=order.pk, reason="好。", by=someone, at=LATER),
    ):
        with pytest.raises(NotAllowedError):
            act()


def test_who_sees_it(order: SupervisionOrder) -> None:
    seers = {"manager": 1, "auditor": 1, "city-head": 1, "fire-head": 0, "city-handler": 0, "clerk": 0, "owner": 0}
    assert {name: orders_visible_to(user(name), LATER).count() for name in seers} == seers
