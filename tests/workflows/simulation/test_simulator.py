"""Small processes whose times can be told by hand: 2026-03-02 is a Monday, offices are open 9–12 and 13–17."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.processes import (
    begin,
    beside,
    boundary,
    call,
    catch,
    event_based,
    exclusive,
    finish,
    graph,
    manual,
    on_border,
    parallel,
    receive,
    service_task,
    sub_process,
    throw,
    user_task,
    whole_graphs,
    within,
)
from tests.workflows.simulation.probes import AXIS, MONDAY, cases, end, run, scenario, second, spans
from workflows.engine.graph import Graph, Loop, Span, Timer, Trigger
from workflows.simulation import ComingCase, Recording, Scenario, simulate
from workflows.simulation.arrivals import replayed
from workflows.simulation.figures import figures_of

SEQUENCE = graph((user_task("a"), user_task("b")), "start > a > b > end")
PARALLEL = graph(
    (parallel("split"), parallel("join"), user_task("a"), user_task("b"), user_task("c")),
    "start > split > a > join > c > end",
    "split > b > join",
)
LOOP = graph(
    (exclusive("entry"), user_task("work", outcomes=("done", "again")), exclusive("asked", "asked>end")),
    "start > entry > work > asked > end",
    "asked > entry",
    conditions={"asked>entry": "outcome.work == 'again'"},
)
DAY = 7 * 60


def test_steps_follow_each_other_in_office_hours() -> None:
    (course,) = run(SEQUENCE, {"a": 4 * 60, "b": 60}).courses
    assert spans(course, "a") == [("02 09:00", "02 14:00")]
    assert spans(course, "b") == [("02 14:00", "02 15:00")]
    assert (end(course), course.outcome) == ("2026-03-02 15:00", "closed")


def test_branches_join_when_the_slower_one_is_done() -> None:
    outcome = run(PARALLEL, {"a": 60, "b": 3 * DAY, "c": DAY})
    assert end(outcome.courses[0]) == "2026-03-05 17:00"
    assert figures_of(outcome, AXIS).total.p50 == 4


@pytest.mark.parametrize(
    ("begins", "days", "ends"),
    [
        ("2026-03-06 16:00", 1, "2026-03-09 16:00"),  # over a weekend
        ("2026-03-07 11:00", 1, "2026-03-09 17:00"),  # filed on a Saturday
        ("2026-09-30 09:00", 2, "2026-10-08 17:00"),  # 1–7 October is a holiday
        ("2026-09-30 17:00", 1, "2026-10-08 17:00"),
        ("2026-10-09 09:00", 2, "2026-10-10 17:00"),  # Saturday 10 October is a make-up working day
        ("2026-09-18 09:00", 2, "2026-09-20 17:00"),  # so is Sunday 20 September
    ],
)
def test_work_keeps_to_the_working_calendar(begins: str, days: int, ends: str) -> None:
    (course,) = run(graph((user_task("a"),), "start > a > end"), {"a": days * DAY}, cases(begins)).courses
    assert end(course) == ends


def test_a_loop_goes_round_as_often_as_its_chance_says() -> None:
    coming = [replace(cases(MONDAY)[0], name=str(number)) for number in range(4_000)]
    outcome = run(LOOP, {"work": {"minutes": DAY, "outcomes": {"done": 0.6, "again": 0.4}}}, coming)
    found = figures_of(outcome, AXIS)
    # Geometric: mean 1 / 0.6, variance 0.4 / 0.36; five standard errors.
    assert found.total.mean == pytest.approx(1 / 0.6, abs=5 * (0.4 / 0.36 / 4_000) ** 0.5)
    # Quantiles of the geometric distribution: 0.6 of all end after one round, 0.936 after three.
    assert (found.total.p50, found.total.p90) == (1, 3)


def test_a_loop_that_never_ends_is_given_up() -> None:
    (course,) = run(LOOP, {"work": {"minutes": 0, "outcomes": {"again": 1}}}).courses
    assert course.ended is None
    assert "round without end" in course.stuck


def test_a_timer_ends_a_slow_task_and_not_a_quick_one() -> None:
    drawn = graph(
        (
            user_task("slow"),
            boundary("late", "slow", span=Span(amount=2, unit="working_days")),
            user_task("instead"),
            exclusive("merge"),
        ),
        "start > slow > merge > end",
        "late > instead > merge",
    )
    outcome = run(drawn, {"slow": 5 * DAY, "instead": 60})
    assert spans(outcome.courses[0], "slow") == [("02 09:00", "04 17:00")]
    assert end(outcome.courses[0]) == "2026-03-05 10:00"
    assert outcome.courses[0].path == ("late", "instead")
    slow = next(step for step in figures_of(outcome, AXIS).steps if step.step == "slow")
    assert (slow.count, slow.taken_away) == (0, 1)
    # Done on the last day at the close of business is done in time.
    assert run(drawn, {"slow": 3 * DAY, "instead": 60}).courses[0].path == ("slow",)


def test_a_reminder_goes_beside_its_task_as_often_as_it_is_drawn() -> None:
    timer = Timer(span=Span(amount=1, unit="working_days"), repeats=2)
    drawn = graph(
        (user_task("slow"), replace(boundary("remind", "slow", interrupting=False), timer=timer), service_task("mail")),
        "start > slow > end",
        "remind > mail",
    )
    (course,) = run(drawn, {"slow": 5 * DAY}).courses
    assert [opened for opened, _ in spans(course, "remind")] == ["03 17:00", "04 17:00"]
    assert end(course) == "2026-03-06 17:00"


def test_what_is_late_against_its_limit_is_counted() -> None:
    drawn = graph((user_task("a", limit=Span(amount=1, unit="working_days")),), "start > a > end")
    stated = {"a": {"minutes": [DAY, 2 * DAY, 3 * DAY]}}
    coming = [replace(cases(MONDAY)[0], name=str(number)) for number in range(1_000)]
    (step,) = figures_of(run(drawn, stated, coming), AXIS).steps
    # Filed at nine, due on the next day at five: two days. Half of all take longer.
    assert step.late == pytest.approx(0.5, abs=0.08)
    assert step.limit == "1 working_days"


def test_messages_come_after_a_day_and_jobs_are_done_at_night() -> None:
    drawn = graph((service_task("job"), receive("paid"), user_task("a")), "start > job > paid > a > end")
    (course,) = run(drawn, {"a": 60}, cases("2026-03-06 20:00")).courses
    assert spans(course, "paid") == [("06 20:00", "07 20:00")]
    assert end(course) == "2026-03-09 10:00"


def test_of_events_behind_a_gateway_the_first_one_wins() -> None:
    timer = Timer(span=Span(amount=3, unit="calendar_days"))
    drawn = graph(
        (
            event_based("which"),
            catch("paid", Trigger.MESSAGE, "paid", host="which"),
            catch("given_up", Trigger.TIMER, host="which", timer=timer),
            exclusive("merge"),
        ),
        "start > which > paid > merge > end",
        "which > given_up > merge",
    )
    assert run(drawn, {"paid": 60}).courses[0].path == ("paid",)
    assert run(drawn, {"paid": 60 * 24 * 9}).courses[0].path == ("given_up",)


def test_nobody_withdraws_unless_that_is_stated() -> None:
    drawn = graph(
        (user_task("a"), *beside("leave", begin("withdrawn", Trigger.MESSAGE, "withdrawn"), finish("gone"))),
        "start > a > end",
        "withdrawn > gone",
    )
    assert run(drawn, {"a": DAY}).courses[0].path == ("a",)
    outcome = run(drawn, {"a": DAY, "withdrawn": {"chance": 1, "minutes": 60}})
    assert outcome.courses[0].path == ("withdrawn",)
    assert end(outcome.courses[0]) == "2026-03-02 10:00"


def test_a_called_process_is_simulated_as_its_own_drawing() -> None:
    child = graph((user_task("inner", outcomes=("ok",)),), "start > inner > end", key="child")
    drawn = graph((call("called", called="child"), user_task("after")), "start > called > after > end")
    outcome = run(drawn, {"inner": DAY, "after": DAY}, called={"child": child}.get)
    assert spans(outcome.courses[0], "called/inner") == [("02 09:00", "02 17:00")]
    assert outcome.courses[0].path == ("called/inner=ok", "called=closed", "after")
    assert [step.step for step in figures_of(outcome, AXIS).steps] == ["called", "called/inner", "after"]
    # A process that is not known takes its time as a whole.
    assert run(drawn, {"called": 2 * DAY, "after": DAY}).courses[0].path == ("called", "after")


def test_a_called_process_reads_its_part_of_the_data() -> None:
    child = graph((user_task("inner", department="$department"),), "start > inner > end", key="special")
    data = {"parts": {"food": {"process": "special", "data": {"department": "SCJG"}}}}
    drawn = graph((call("called", called="usual", part="food"),), "start > called > end")
    outcome = run(drawn, {"inner": DAY}, cases(MONDAY, data=data), called={"special": child}.get)
    assert [load.department for load in figures_of(outcome, AXIS).load] == ["SCJG"]


def test_processes_that_call_each_other_without_end_are_given_up() -> None:
    drawn = graph((call("again", called="probe"),), "start > again > end")
    (course,) = run(drawn, {}, called={"probe": drawn}.get).courses
    assert "more than 8 deep" in course.stuck


def test_errors_are_caught_where_the_drawing_says() -> None:
    drawn = graph(
        (service_task("job"), on_border("failed", "job", Trigger.ERROR, "E1"), user_task("repair"), exclusive("merge")),
        "start > job > merge > end",
        "failed > repair > merge",
    )
    (course,) = run(drawn, {"job": {"outcomes": {"error:E1": 1}}, "repair": 60}).courses
    assert course.path == ("job=error:E1", "repair")
    (course,) = run(drawn, {"job": {"outcomes": {"error:E2": 1}}}).courses
    assert course.stuck == "Nothing listens for the error E2."


def test_a_task_is_sent_back_on_the_way_that_is_drawn() -> None:
    drawn = graph((user_task("a"), user_task("b", returns=("b>a",))), "start > a > b > end", "b > a")
    stated = {"a": 60, "b": {"minutes": 60, "outcomes": {"returned:a": 1, "ok": 1}}}
    coming = [replace(cases(MONDAY)[0], name=str(number)) for number in range(50)]
    paths = {course.path for course in run(drawn, stated, coming).courses}
    assert ("a", "b=ok") in paths
    assert ("a", "b=returned:a", "a", "b=ok") in paths


def test_a_case_that_lacks_what_it_needs_says_so() -> None:
    each = Loop(kind="parallel", collection="reviewers", item="reviewer")
    drawn = graph((user_task("review", loop=each),), "start > review > end")
    (course,) = run(drawn, {}).courses
    assert course.stuck == "review: reviewers is not a list."
    outcome = run(drawn, {"review": DAY}, cases(MONDAY, data={"reviewers": ["a", "b"]}))
    assert outcome.courses[0].path == ("review", "review")


def test_a_message_of_its_own_case_is_heard_at_once() -> None:
    drawn = graph(
        (
            parallel("split"), parallel("join"), user_task("a"), throw("tell", Trigger.MESSAGE, "told"),
            catch("told", Trigger.MESSAGE, "told"),
        ),
        "start > split > a > tell > join > end",
        "split > told > join",
    )  # fmt: skip
    (course,) = run(drawn, {"a": 60, "told": 60 * 24 * 30}).courses
    assert end(course) == "2026-03-02 10:00"


def test_a_case_that_outlasts_the_calendar_is_given_up() -> None:
    drawn = graph((user_task("a"),), "start > a > end")
    (course,) = run(drawn, {"a": 3_000 * DAY}).courses
    assert course.stuck


def test_a_sub_process_is_one_scope() -> None:
    inside = within("sub", begin("s"), user_task("a"), finish("e"))
    drawn = graph((sub_process("sub"), *inside, user_task("b")), "start > sub > b > end", "s > a > e")
    (course,) = run(drawn, {"a": 60, "b": 60}).courses
    assert end(course) == "2026-03-02 11:00"


def test_another_seed_is_other_luck_and_the_same_seed_the_same() -> None:
    coming = [replace(cases(MONDAY)[0], name=str(number)) for number in range(50)]
    told = [[course.ended for course in run(SEQUENCE, {}, coming, seed=seed).courses] for seed in (1, 1, 2)]
    assert told[0] == told[1] != told[2]


@settings(max_examples=150)
@given(whole_graphs, st.integers(0, 10_000))
def test_the_whole_language_runs_and_nothing_is_left_open(drawn: Graph, seed: int) -> None:
    """Every case of a sound process ends, or says why not; no step stays open; the same seed tells the same."""
    data = {"reviewers": ["a", "b"], "choice": {}}
    coming = tuple(ComingCase(name=str(n), begins=second(MONDAY), data=data) for n in range(3))
    given_ = Scenario(graph=drawn, axis=AXIS, cases=coming, seed=seed)
    one, other = simulate(given_), simulate(given_)
    assert [(course.path, course.ended, course.stuck) for course in one.courses] == [
        (course.path, course.ended, course.stuck) for course in other.courses
    ]
    for course in one.courses:
        assert (course.ended is None) == bool(course.stuck)
        assert course.ended is not None, course.stuck
        assert all(not visit.is_open for visit in course.visits)
        assert all(visit.closed is not None and visit.opened <= visit.closed <= course.ended for visit in course.visits)
    figures_of(one, AXIS)


def test_a_plain_task_takes_no_time() -> None:
    assert end(simulate(scenario(graph((manual("m"),), "start > m > end"), {})).courses[0]) == MONDAY


def test_a_message_that_never_comes_leaves_the_case_where_it_is() -> None:
    (course,) = run(graph((receive("paid"),), "start > paid > end"), {"paid": {"chance": 0}}).courses
    assert course.stuck == "paid waits for message paid, which never comes."


@pytest.mark.parametrize(
    ("date", "ends"),
    [
        ("2026-03-05T09:00:00+08:00", "2026-03-05 09:00"),
        ("2026-03-05T09:00:00", "2026-03-05 09:00"),
        ("2026-03-05T01:00:00+00:00", "2026-03-05 09:00"),
        ("2026-01-05T09:00:00+08:00", MONDAY),  # past already
        ("$opening", "2026-03-06 10:00"),
        ("soon", "'soon' is no instant such as 2026-10-01T09:00:00+08:00."),
        ("$never", "Timer then: the run's data has no date never."),
    ],
)
def test_a_timer_fires_at_its_date(date: str, ends: str) -> None:
    drawn = graph((catch("then", Trigger.TIMER, timer=Timer(date=date)),), "start > then > end")
    (course,) = run(drawn, {}, cases(MONDAY, data={"opening": "2026-03-06T10:00:00+08:00"})).courses
    assert ends in (course.stuck, "" if course.stuck else end(course))


def test_a_message_may_be_sent_before_somebody_waits_and_a_signal_reaches_all_who_do() -> None:
    drawn = graph(
        (throw("tell", Trigger.MESSAGE, "told"), user_task("a"), catch("told", Trigger.MESSAGE, "told")),
        "start > tell > a > told > end",
    )
    assert end(run(drawn, {"a": 60, "told": 60 * 24 * 30}).courses[0]) == "2026-03-02 10:00"
    drawn = graph(
        (
            parallel("split"), parallel("join"), user_task("a"), throw("ring", Trigger.SIGNAL, "bell"),
            catch("one", Trigger.SIGNAL, "bell"), catch("other", Trigger.SIGNAL, "bell"),
        ),
        "start > split > a > ring > join > end",
        "split > one > join",
        "split > other > join",
    )  # fmt: skip
    (course,) = run(drawn, {"a": 60, "one": 60 * 24 * 30, "other": 60 * 24 * 30}).courses
    assert end(course) == "2026-03-02 10:00"


CHILD = graph((throw("help", Trigger.ESCALATION, "X1"), user_task("inner")), "start > help > inner > end", key="child")


def test_a_called_process_is_taken_away_with_its_call() -> None:
    late = boundary("late", "called", span=Span(amount=1, unit="working_hours"))
    drawn = graph((call("called", called="child"), late), "start > called > end", "late > end")
    outcome = run(drawn, {"inner": 5 * DAY}, cases(MONDAY, MONDAY), called={"child": CHILD}.get, staff={"SCJG": 1})
    assert [end(course) for course in outcome.courses] == ["2026-03-02 10:00"] * 2
    assert [course.path for course in outcome.courses] == [("late",)] * 2
    assert outcome.busy == {"SCJG": 3600}


def test_a_called_process_may_escalate_and_fail() -> None:
    heard = on_border("heard", "called", Trigger.ESCALATION, interrupting=False)
    drawn = graph(
        (call("called", called="child"), heard, user_task("look"), finish("seen")),
        "start > called > end",
        "heard > look > seen",
    )
    (course,) = run(drawn, {"inner": DAY, "look": 60}, called={"child": CHILD}.get).courses
    assert course.path == ("look", "called/inner", "called=closed")
    failing = graph((service_task("job"),), "start > job > end", key="failing")
    drawn = graph(
        (call("called", called="failing"), on_border("failed", "called", Trigger.ERROR, "E1"), exclusive("merge")),
        "start > called > merge > end",
        "failed > merge",
    )
    outcome = run(drawn, {"job": {"outcomes": {"error:E1": 1}}}, called={"failing": failing}.get)
    assert (outcome.courses[0].outcome, outcome.courses[0].stuck) == ("closed", "")


def test_what_jobs_learned_in_a_recorded_case_is_known_again() -> None:
    drawn = graph(
        (service_task("job"), exclusive("which", "which>end"), user_task("more")),
        "start > job > which > more > end",
        "which > end",
        conditions={"which>more": "decision.found == 7"},
    )
    recording = Recording(name="r", process="probe", begins=second(MONDAY), learned={"decision": {"found": 7}})
    assert run(drawn, {}, replayed([recording])).courses[0].path == ("job", "more")
    assert run(drawn, {}).courses[0].path == ("job",)
