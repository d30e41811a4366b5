"""Threshold rules: what they mean on a calendar, and every way in which a document of them can be wrong."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.clocks import SHANGHAI, at
from workflows.clocks import (
    SHIPPED,
    ClockFacts,
    Limit,
    Pause,
    ThresholdRulesError,
    Unit,
    due,
    instants,
    national_calendar,
    parse_thresholds,
    warn_at,
)
from workflows.clocks.rules import KINDS
from workflows.clocks.threshold_rules import faults_of_law
from workflows.clocks.thresholds import missing

CALENDAR = national_calendar()


def rule(code: str = "one", **changes: Any) -> dict[str, Any]:
    """Return a rule as it stands in a document."""
    plain = {"code": code, "kinds": ["promised"], "when": {"due": 0}, "light": "", "consequences": [], "law": False}
    return {**plain, **changes}


def facts(started: str, amount: int, unit: str = "working_days", *, pauses: tuple[Pause, ...] = ()) -> ClockFacts:
    return ClockFacts(kind="promised", limit=Limit(amount, Unit(unit)), started_at=at(started), pauses=pauses)


def reached(when: dict[str, Any], given_facts: ClockFacts) -> str:
    """Return when a rule's moment is, as local text."""
    instant = instants(given_facts, CALENDAR, parse_thresholds([rule(when=when)]))["one"]
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("when", "started", "amount", "unit", "expected"),
    [
        ({"due": 0}, "2026-09-29 10:00", 3, "working_days", "2026-10-09 17:00"),
        ({"remaining": {"working_days": 1}}, "2026-09-29 10:00", 3, "working_days", "2026-10-08 17:00"),
        ({"remaining": {"percent": 20, "working_days": 1}}, "2026-11-02 10:00", 20, "working_days", "2026-11-24 17:00"),
        ({"remaining": {"percent": 50}}, "2026-11-02 10:00", 10, "working_days", "2026-11-09 17:00"),
        ({"remaining": {"percent": 50}}, "2026-11-02 10:00", 4, "working_hours", "2026-11-02 12:00"),
        ({"remaining": {"percent": 20, "working_days": 1}}, "2026-11-02 10:00", 0, "working_days", "2026-11-02 16:00"),
        ({"before": {"working_days": 3}}, "2026-09-29 10:00", 5, "working_days", "2026-10-08 17:00"),
        ({"before": {"working_days": 3}}, "2026-11-02 10:00", 2, "working_days", "2026-11-02 10:00"),  # the start
        ({"before": {"working_days": 1}}, "2026-11-02 10:00", 0, "working_days", "2026-11-02 10:00"),
        ({"after": {"working_days": 1}}, "2026-09-28 10:00", 2, "working_days", "2026-10-08 17:00"),  # National Day
        ({"after": {"working_days": 2}}, "2026-09-28 10:00", 2, "working_days", "2026-10-09 17:00"),
        ({"after": {"working_days": 3}}, "2026-09-28 10:00", 2, "working_days", "2026-10-10 17:00"),  # 调休 Saturday
        ({"after": {"working_days": 1}}, "2026-11-02 10:00", 4, "working_hours", "2026-11-03 17:00"),
        ({"after": {"working_days": 1}}, "2026-12-30 10:00", 1, "calendar_days", "2027-01-04 17:00"),
    ],
)
def test_moment(when: dict[str, Any], started: str, amount: int, unit: str, expected: str) -> None:
    assert reached(when, facts(started, amount, unit)) == expected


def test_days_that_the_law_does_not_count_move_what_is_before_the_end() -> None:
    pause = (Pause(date(2026, 11, 5), date(2026, 11, 6), "testing"),)
    assert reached({"before": {"working_days": 3}}, facts("2026-11-02 10:00", 5)) == "2026-11-04 17:00"
    assert reached({"before": {"working_days": 3}}, facts("2026-11-02 10:00", 5, pauses=pause)) == "2026-11-04 17:00"
    assert reached({"before": {"working_days": 2}}, facts("2026-11-02 10:00", 5, pauses=pause)) == "2026-11-09 17:00"


def test_an_open_pause_leaves_every_moment_undecided() -> None:
    paused = facts("2026-11-02 10:00", 5, pauses=(Pause(date(2026, 11, 4)),))
    assert instants(paused, CALENDAR, SHIPPED) == {}


def test_kinds_have_the_lights_of_the_shipped_rules() -> None:
    for kind, known in KINDS.items():
        clock = ClockFacts(kind=kind, limit=Limit(5), started_at=at("2026-11-02 10:00"))
        lights = list(instants(clock, CALENDAR, SHIPPED))
        assert lights == ["yellow", "black" if known.statutory else "red"], kind
    assert all(not one.consequences for one in SHIPPED)


def test_shipped_rules_are_a_document_that_can_be_published() -> None:
    assert parse_thresholds([one.as_rule() for one in SHIPPED]) == SHIPPED


MOMENTS = st.one_of(
    st.just({"due": 0}),
    st.fixed_dictionaries({"remaining": st.fixed_dictionaries({"percent": st.integers(1, 99)})}),
    st.builds(
        lambda name, days: {name: {"working_days": days}},
        st.sampled_from(["remaining", "after", "before"]),
        st.integers(1, 30),
    ),
)
FACTS = st.builds(
    lambda started, amount, unit, gap, length: ClockFacts(
        kind="promised",
        limit=Limit(amount, unit),
        started_at=started,
        pauses=(Pause(started.date() + timedelta(days=gap), started.date() + timedelta(days=gap + length), "testing"),),
    ),
    st.integers(0, 730 * 24 * 60).map(
        lambda minutes: datetime(2025, 1, 1, tzinfo=SHANGHAI) + timedelta(minutes=minutes)
    ),
    st.integers(0, 40),
    st.sampled_from(Unit),
    st.integers(0, 20),
    st.integers(0, 9),
)


@given(FACTS, st.lists(MOMENTS, min_size=1, max_size=6))
def test_moments_come_once_in_order_and_never_before_the_start(clock: ClockFacts, moments: list[Any]) -> None:
    rules = parse_thresholds([rule(f"r{number}", when=when) for number, when in enumerate(moments)])
    found = instants(clock, CALENDAR, rules)
    assert sorted(found) == sorted(one.code for one in rules)
    assert list(found.values()) == sorted(found.values())
    due_at = due(clock, CALENDAR).due_at
    assert due_at is not None
    for one in rules:
        instant = found[one.code]
        assert instant >= clock.started_at
        assert (instant > due_at) == (one.when.point == "after") or instant == due_at


@given(FACTS, st.integers(1, 20))
def test_more_that_remains_is_earlier(clock: ClockFacts, days: int) -> None:
    rules = [
        rule("more", when={"remaining": {"working_days": days + 1}}),
        rule("less", when={"before": {"working_days": days}}),
    ]
    found = instants(clock, CALENDAR, parse_thresholds(rules))
    if clock.limit.amount:
        assert found["more"] <= found["less"]


@given(FACTS)
def test_the_shipped_yellow_is_the_instant_the_lights_use(clock: ClockFacts) -> None:
    assert instants(clock, CALENDAR, SHIPPED)["yellow"] == warn_at(clock, CALENDAR)


WRONG: list[tuple[Any, str]] = [
    ({"no": "list"}, "must be a list"),
    (["no rule"], "must consist of"),
    ([{**rule(), "extra": 1}], "must consist of"),
    ([{key: value for key, value in rule().items() if key != "law"}], "must consist of"),
    ([rule("Upper")], "small letters"),
    ([rule("a" * 25)], "small letters"),
    ([rule(), rule()], "two rules with the code"),
    ([rule(kinds=[])], "at least one kind"),
    ([rule(kinds=["nothing"])], "no kind of time limit “nothing”"),
    ([rule(kinds=["promised", "promised"])], "named twice"),
    ([rule(when={})], "one of remaining"),
    ([rule(when={"due": 1})], "one of remaining"),
    ([rule(when={"due": False})], "one of remaining"),
    ([rule(when={"due": 0, "after": {"working_days": 1}})], "one of remaining"),
    ([rule(when={"later": {"working_days": 1}})], "one of remaining"),
    ([rule(when={"remaining": {}})], "whole number"),
    ([rule(when={"after": {"working_days": 0}})], "whole number"),
    ([rule(when={"after": {"working_days": 1.5}})], "whole number"),
    ([rule(when={"after": {"percent": 20}})], "whole number"),
    ([rule(when={"remaining": {"percent": 100}})], "whole number"),
    ([rule(light="blue")], "yellow, red, black or none"),
    ([rule(light="yellow")], "before the due instant"),
    ([rule(light="red", when={"after": {"working_days": 1}})], "at the due instant"),
    ([rule(light="black")], "statutory limit is black"),
    ([rule(light="red", kinds=["statutory"])], "statutory limit is black"),
    ([rule("a", light="red"), rule("b", light="red")], "More than one rule"),
    ([rule(consequences=["notify"])], "consequences must be a list"),
    ([rule(consequences=[{"do": "notify"}])], "consequences must be a list"),
    ([rule(law="yes")], "true or false"),
]


@pytest.mark.parametrize(("document", "sentence"), WRONG)
def test_every_fault_has_a_sentence_in_both_languages(document: Any, sentence: str) -> None:
    with pytest.raises(ThresholdRulesError, match=sentence) as caught:
        parse_thresholds(deepcopy(document))
    english, chinese = caught.value.sentences("en"), caught.value.sentences("zh-hans")
    assert len(english) == len(chinese) == len(caught.value.faults)
    assert not set(english) & set(chinese)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(ThresholdRulesError) as caught:
        parse_thresholds([rule("Upper", when={}), rule(light="blue")])
    assert [fault.kind for fault in caught.value.faults] == ["code", "when", "light"]


def test_what_the_law_made_stays_as_it_is() -> None:
    law, plain = rule("silence", law=True), rule("plain")
    before = parse_thresholds([law, plain])
    assert faults_of_law(parse_thresholds([law]), before) == []
    for changed in ([plain], [{**law, "when": {"after": {"working_days": 1}}}], [{**law, "law": False}]):
        assert [fault.kind for fault in faults_of_law(parse_thresholds(changed), before)] == ["law_changed"]
    added = faults_of_law(parse_thresholds([law, rule("other", law=True)]), before)
    assert [fault.kind for fault in added] == ["law_added"]


def test_rules_reach_back_over_no_clock_and_light_no_light_twice() -> None:
    rules = parse_thresholds([rule("new_red", light="red"), rule("reminder")])
    moment = at("2026-11-05 10:00")
    both = {"new_red": moment, "reminder": moment}
    assert missing(both, set(), set(), rules, since=None) == both
    assert missing(both, set(), set(), rules, since=moment) == both
    assert missing(both, set(), set(), rules, since=moment + timedelta(seconds=1)) == {}
    assert missing(both, {"reminder"}, {"red"}, rules, since=moment) == {}
