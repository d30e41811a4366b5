"""The rules that come with the system, those managers publish, and what the sweep makes of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from services.cases.enums import CLOCKS_WITHOUT_LIGHT
from services.cases.operations.drafts import NotAllowedError
from services.notifications.models import Notice
from services.supervision.models import Card, Escalation, SupervisionOrder
from services.supervision.operations.refusals import RulesChangedError, WordsMissingError
from services.supervision.operations.rules import load_rules, publish_rules, shipped_rules
from tests.factories.applications import user
from tests.services.supervision.conftest import AT, accepted, clock_of
from workflows.clocks import ThresholdRulesError
from workflows.clocks.rules import KINDS
from workflows.models import Clock, ThresholdRules, Timer
from workflows.operations.history import first_broken_row
from workflows.operations.thresholds import check_rules
from workflows.operations.timers import sweep_timers
from workflows.queries.thresholds import current_rules

pytestmark = pytest.mark.usefixtures("city")


def inbox(kind: str) -> list[str]:
    return sorted(Notice.objects.filter(kind=kind, channel="inbox").values_list("recipient__username", flat=True))


def test_the_shipped_rules_hold_for_every_kind_of_clock() -> None:
    rules = check_rules(shipped_rules())
    assert {kind for rule in rules for kind in rule.kinds} == set(KINDS)
    lit = {kind for rule in rules if rule.light for kind in rule.kinds}
    assert lit == set(KINDS) - set(CLOCKS_WITHOUT_LIGHT)


def test_a_missed_promise_goes_from_the_holder_to_the_manager() -> None:
    clock = clock_of(accepted())
    sweep_timers(at=clock.warn_at)
    assert inbox("deadline_warning") == ["city-handler"]
    sweep_timers(at=clock.due_at)
    assert inbox("deadline_overdue") == ["city-handler"]
    assert inbox("deadline_escalated") == ["city-head"]
    assert Escalation.objects.count() == 1
    assert not SupervisionOrder.objects.exists()
    later = Timer.objects.filter(subject_kind="clock", subject_id=str(clock.pk), fired_at=None).order_by("due_at")
    order_at, manager_at = later.values_list("due_at", flat=True)
    assert clock.due_at < order_at < manager_at
    sweep_timers(at=order_at)
    order = SupervisionOrder.objects.get()
    reply = Clock.objects.get(subject_kind="supervision_order", subject_id=str(order.pk))
    assert reply.warn_at is not None
    assert inbox("deadline_long_overdue") == []
    sweep_timers(at=manager_at)
    assert inbox("deadline_long_overdue") == ["manager"]
    sweep_timers(at=reply.due_at)
    assert {"city-head", "manager"} <= set(inbox("deadline_overdue"))
    cards = Card.objects.filter(clock=clock).values_list("level", flat=True)
    assert sorted(cards) == ["red", "yellow"]
    clock.root.refresh_from_db()
    assert first_broken_row(clock.root) is None


def test_the_statutory_limit_turns_black_and_orders() -> None:
    clock = clock_of(accepted(), "statutory")
    sweep_timers(at=clock.due_at)
    card = Card.objects.get(clock=clock)
    assert (card.level, card.clock_kind) == ("black", "statutory")
    assert {"city-head", "manager"} <= set(inbox("deadline_statutory"))
    assert SupervisionOrder.objects.filter(clock=clock, level="black", rule="black").count() == 1


def test_after_downtime_old_news_is_not_sent_and_every_card_is_given() -> None:
    clock = clock_of(accepted())
    sweep_timers(at=clock.due_at + timedelta(hours=1))
    assert inbox("deadline_warning") == []
    assert inbox("deadline_overdue") == ["city-handler"]
    assert sorted(Card.objects.filter(clock=clock).values_list("level", "late")) == [("red", True), ("yellow", True)]


def test_sweeping_twice_tells_once() -> None:
    clock = clock_of(accepted())
    for _ in range(3):
        sweep_timers(at=clock.due_at)
    assert len(inbox("deadline_escalated")) == 1
    assert Card.objects.filter(clock=clock, level="red").count() == 1


def changed() -> list[dict]:
    sooner = {"when": {"before": {"working_days": 2}}}
    return [{**rule, **sooner} if rule["code"] == "yellow" else rule for rule in current_rules_as_written()]


def current_rules_as_written() -> list[dict]:
    return [rule.as_rule() for rule in current_rules().thresholds]


def test_a_manager_publishes_a_version_and_loading_keeps_it() -> None:
    before = current_rules().number
    publish_rules(rules=changed(), based_on=before, note="提前两天提醒。", by=user("manager"), at=AT)
    assert current_rules().number == before + 1
    assert load_rules(rules=shipped_rules(), at=AT).number == before + 1, "the law's rules are the same"
    assert current_rules().by_code["yellow"].when.point == "before"
    less = [rule for rule in shipped_rules() if rule["code"] != "deemed_renewal"]
    load_rules(rules=less, at=AT)
    assert "deemed_renewal" not in current_rules().by_code
    assert current_rules().by_code["yellow"].when.point == "before"
    load_rules(rules=shipped_rules(), at=AT, replace=True)
    assert current_rules().by_code["yellow"].when.point == "remaining"


def test_what_a_manager_may_not_publish() -> None:
    now = current_rules().number
    with pytest.raises(NotAllowedError):
        publish_rules(rules=changed(), based_on=now, note="好。", by=user("auditor"), at=AT)
    with pytest.raises(WordsMissingError):
        publish_rules(rules=changed(), based_on=now, note=" ", by=user("manager"), at=AT)
    with pytest.raises(RulesChangedError):
        publish_rules(rules=changed(), based_on=now - 1, note="好。", by=user("manager"), at=AT)
    wrong = [{**changed()[0], "consequences": [{"do": "notify", "options": {"to": ["mayor"], "message": "x"}}]}]
    with pytest.raises(ThresholdRulesError):
        publish_rules(rules=wrong, based_on=now, note="好。", by=user("manager"), at=AT)
    assert current_rules().number == now


def test_the_command_checks_loads_and_explains(tmp_path: Path, capsys) -> None:
    call_command("load_rules", "--check")
    assert "can be published" in capsys.readouterr().out
    versions = ThresholdRules.objects.count()
    call_command("load_rules")
    assert ThresholdRules.objects.count() == versions
    broken = tmp_path / "rules.yaml"
    broken.write_text("rules:\n  - {code: X}\n", encoding="utf-8")
    with pytest.raises(CommandError, match="must consist of"):
        call_command("load_rules", str(broken))
    broken.write_text("nothing: here\n", encoding="utf-8")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("load_rules", str(broken), "--check")
