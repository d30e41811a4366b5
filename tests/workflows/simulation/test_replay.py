"""A recorded case, lived through again in the same process, happens at the very same instants."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.factories.processes import Block, draw, graph, parallel, user_task, whole_graphs
from tests.workflows.simulation.probes import AXIS, HOUR, MONDAY, end, run, second
from workflows.engine import events
from workflows.engine.advance import advance
from workflows.engine.graph import Graph
from workflows.engine.state import State
from workflows.simulation import Fact, Observation, Recording, Scenario, read_assumptions, simulate
from workflows.simulation.arrivals import replayed
from workflows.simulation.recorded import end_from_outside, steps_of

#: What an effect opens, and what ends that.
KINDS = {
    events.TaskOpened: ("task_opened", "task_done"),
    events.JobQueued: ("job_queued", "job_done"),
    events.Subscribed: ("listening", "message_received"),
    events.ChildCalled: ("child_started", "child_ended"),
}
DATA = {"reviewers": ["a", "b"], "choice": {}}


def lived(drawn: Graph, random: Random) -> tuple[list[Fact], int]:
    """Carry a case out by hand, at any hour of the day, timers on time; return its facts and its beginning.

    Histories count whole seconds, so nobody knows who was first within one. The simulator's rule is kept here: what is
    done in the second in which a timer fires is done in time. After a timer, people act in the next second.
    """
    begins = now = second(MONDAY) + random.randrange(14 * 24 * HOUR)
    fired = 0
    state, effects = advance(drawn, State(data=DATA), events.Started())
    facts = [Fact(second=now, kind="run_started")]
    open_: dict[tuple[str, int], str] = {}
    timers: list[tuple[int, events.Triggered]] = []
    while True:
        for effect in effects:
            match effect:
                case events.TaskOpened() | events.JobQueued() | events.Subscribed() | events.ChildCalled():
                    opening, ending = KINDS[type(effect)]
                    open_[effect.node, effect.round] = ending
                    facts.append(Fact(second=now, kind=opening, node=effect.node, round=effect.round))
                case events.TimerSet(timer=timer):
                    assert timer.span is not None
                    fires = events.Triggered(node=effect.node, round=effect.round, fired=effect.fired)
                    timers.append((AXIS.end_of(timer.span, now), fires))
                case events.Disarmed():
                    open_.pop((effect.node, effect.round), None)
                    timers = [one for one in timers if (one[1].node, one[1].round) != (effect.node, effect.round)]
                case events.ActivityCancelled():
                    open_.pop((effect.node, effect.round), None)
                    facts.append(Fact(second=now, kind="activity_cancelled", node=effect.node, round=effect.round))
        if state.ended:
            return [*facts, Fact(second=now, kind="run_ended", outcome=state.outcome)], begins
        wait = random.choice((0, 60, HOUR, 9 * HOUR, 40 * HOUR)) + random.randrange(7)
        act = now + (wait or int(now == fired)) if open_ else 1 << 60
        if timers and min(timers, key=lambda one: one[0])[0] < act:
            now, fires = min(timers, key=lambda one: one[0])
            fired = now
            timers.remove((now, fires))
            facts.append(Fact(second=now, kind="timer_fired", node=fires.node, round=fires.round))
            state, effects = advance(drawn, state, fires)
            continue
        now, place = act, random.choice(sorted(open_))
        ended, where = open_.pop(place), {"node": place[0], "round": place[1]}
        outcomes = drawn.nodes[place[0]].outcomes
        outcome = random.choice(outcomes) if outcomes else ""
        facts.append(Fact(second=now, kind=ended, outcome=outcome, **where))  # type: ignore[arg-type]
        event: events.Event = events.Completed(**where, outcome=outcome)  # type: ignore[arg-type]
        if ended == "message_received":
            event = events.Triggered(**where)  # type: ignore[arg-type]
        state, effects = advance(drawn, state, event)


def recording_of(facts: list[Fact], begins: int, **more: object) -> Recording:
    return Recording(
        name="run-1",
        process="probe",
        begins=begins,
        data=DATA,
        steps=steps_of(facts, AXIS, until=facts[-1].second),
        ended_from_outside=end_from_outside(facts, AXIS, begins),
    )


# These drew an act in the very second of a timer, after it: before, the last act of the case.
@example(draw(Block("scope", (Block("reminded"),)), interrupting=None), Random(651))
@example(draw(Block("each", (Block("reminded"),)), interrupting=None), Random(127))
@settings(max_examples=200)
@given(whole_graphs, st.randoms(use_true_random=False))
def test_the_same_process_takes_the_same_time_to_the_second(drawn: Graph, random: Random) -> None:
    facts, begins = lived(drawn, random)
    recording = recording_of(facts, begins)
    assert recording.ended_from_outside is None
    again = Scenario(graph=drawn, axis=AXIS, cases=replayed([recording]), history=(recording,))
    (course,) = simulate(again).courses
    assert (course.ended, course.stuck) == (facts[-1].second, "")
    happened = sorted(
        (fact.node, fact.second) for fact in facts if fact.kind in ("task_done", "job_done", "child_ended")
    )
    assert happened == sorted(
        (visit.node.id, visit.closed)
        for visit in course.visits
        if not visit.taken_away and (visit.node.role or visit.node.action or visit.node.called)
    )


SEQUENCE = graph((user_task("a"), user_task("b")), "start > a > b > end")
PARALLEL = graph(
    (parallel("split"), parallel("join"), user_task("a"), user_task("b")),
    "start > split > a > join > end",
    "split > b > join",
)


def facts_of(*words: tuple[str, str, str]) -> list[Fact]:
    return [Fact(second=second(at), kind=kind, node=node, round=1 if node else 0) for at, kind, node in words]


EVENING = facts_of(
    ("2026-03-02 10:00", "run_started", ""),
    ("2026-03-02 10:00", "task_opened", "a"),
    ("2026-03-02 16:00", "task_claimed", "a"),
    ("2026-03-02 20:30", "task_done", "a"),
    ("2026-03-02 20:30", "task_opened", "b"),
    ("2026-03-03 10:00", "task_done", "b"),
    ("2026-03-03 10:00", "run_ended", ""),
)


def test_an_evening_counts_as_the_close_of_business_when_the_case_goes_another_way() -> None:
    recording = recording_of(EVENING, second("2026-03-02 10:00"))
    assert recording.steps["a"] == (
        Observation(seconds=6 * HOUR, handled=HOUR, tail=3 * HOUR + HOUR // 2, outcome="", done=True, order=3),
    )
    assert end(run(SEQUENCE, {}, replayed([recording])).courses[0]) == "2026-03-03 10:00"
    # Begun an hour later, the six hours end on the next day; the evening does not belong to them any more.
    later = replayed([replace(recording, begins=second("2026-03-02 11:00"))])
    assert end(run(SEQUENCE, {}, later).courses[0]) == "2026-03-03 11:00"
    # Side by side, the second step no longer waits for the first.
    assert end(run(PARALLEL, {}, replayed([recording])).courses[0]) == "2026-03-02 20:30"


def test_with_a_number_of_people_the_recorded_time_in_hand_counts_and_waiting_is_simulated() -> None:
    recording = recording_of(EVENING, second("2026-03-02 10:00"))
    (course,) = run(SEQUENCE, {}, replayed([recording]), staff={"SCJG": 1}).courses
    assert [visit.handled for visit in course.visits] == [HOUR, HOUR]
    assert end(course) == "2026-03-02 12:00"


def test_what_is_stated_outvotes_what_was_recorded_and_the_rest_stays() -> None:
    recording = recording_of(EVENING, second("2026-03-02 10:00"))
    assert end(run(SEQUENCE, {"b": 60}, replayed([recording])).courses[0]) == "2026-03-03 10:00"
    assert end(run(SEQUENCE, {"a": 60}, replayed([recording])).courses[0]) == "2026-03-02 12:00"


def test_a_step_that_never_was_is_like_those_of_other_cases() -> None:
    recording = recording_of(EVENING, second("2026-03-02 10:00"))
    other = replace(recording, name="other", begins=second("2026-03-09 09:00"), steps={})
    (course,) = simulate(Scenario(graph=SEQUENCE, axis=AXIS, cases=replayed([other]), history=(recording,))).courses
    assert end(course) == "2026-03-09 17:00"  # six hours and one


def test_a_case_that_was_withdrawn_is_withdrawn_again() -> None:
    facts = facts_of(
        ("2026-03-02 10:00", "run_started", ""),
        ("2026-03-02 10:00", "task_opened", "a"),
        ("2026-03-04 12:00", "activity_cancelled", "a"),
    )
    facts.append(Fact(second=second("2026-03-04 12:00"), kind="run_ended", outcome="withdrawn"))
    recording = recording_of(facts, second("2026-03-02 10:00"))
    assert recording.ended_from_outside is not None
    assert recording.ended_from_outside.seconds == 16 * HOUR
    assert not recording.steps["a"][0].done
    (course,) = run(SEQUENCE, {}, replayed([recording])).courses
    assert (course.outcome, course.path) == ("withdrawn", ())
    assert end(course) == "2026-03-04 12:00"


def test_an_answer_that_the_new_version_no_longer_has_is_not_given() -> None:
    asked = graph((user_task("a", outcomes=("yes", "no")), user_task("b")), "start > a > b > end")
    facts = [
        replace(fact, outcome="maybe") if fact.kind == "task_done" and fact.node == "a" else fact for fact in EVENING
    ]
    (course,) = run(asked, {}, replayed([recording_of(facts, second("2026-03-02 10:00"))])).courses
    assert course.path[0] in ("a=yes", "a=no")


def test_made_up_cases_answer_as_often_and_take_as_long_as_seen() -> None:
    one = user_task("a", outcomes=("yes", "no"))
    seen = (
        Observation(seconds=HOUR, handled=HOUR, outcome="yes"),
        Observation(seconds=2 * HOUR, handled=HOUR, outcome="yes"),
        Observation(seconds=70 * HOUR, handled=HOUR, outcome="no"),
        Observation(seconds=9 * HOUR, handled=0, done=False),
    )
    history = Recording(name="r", process="probe", begins=0, steps={"a": seen})
    coming = [replace(replayed([history])[0], name=str(n), begins=second(MONDAY), recording=None) for n in range(3_000)]
    outcome = simulate(
        Scenario(graph=graph((one,), "start > a > end"), axis=AXIS, cases=tuple(coming), history=(history,))
    )
    took = {"a=yes": set[int](), "a=no": set[int]()}
    for course in outcome.courses:
        took[course.path[0]].add((AXIS.worked(course.ended or 0) - AXIS.worked(course.began)) // HOUR)
    assert took == {"a=yes": {1, 2}, "a=no": {70}}
    assert abs(sum(course.path == ("a=no",) for course in outcome.courses) - 1_000) < 150
    assert read_assumptions({}).staff == {}
