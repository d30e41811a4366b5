"""The proof that a process cannot get stuck: each rule by an example."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.factories.graphs import Blocks, Words, drawn, on
from workflows.engine.graph import Graph, NodeKind, Timer, Trigger
from workflows.engine.verify import Problem, check, find_problems

ERROR, ESCALATION, TERMINATE = (
    {"trigger": Trigger.ERROR},
    {"trigger": Trigger.ESCALATION},
    {"trigger": Trigger.TERMINATE},
)
MESSAGE, TIMER = {"trigger": Trigger.MESSAGE}, {"trigger": Trigger.TIMER, "timer": Timer()}
BESIDE = {"kind": NodeKind.SUB_PROCESS, "by_event": True}


def found(graph: Graph, **words: Any) -> dict[str, Problem]:
    """Return the nearest problem of each kind, of the flow alone."""
    problems = find_problems(graph, flow_only=True, **words)
    return {problem.kind: problem for problem in reversed(problems)}


def dead(graph: Graph) -> tuple[str, ...]:
    (problem,) = [problem for problem in find_problems(graph) if problem.kind != "missing_default"]
    assert problem.kind == "dead_element"
    return problem.elements


# --- gateways


def test_a_parallel_split_into_an_exclusive_merge_lacks_synchronisation() -> None:
    problem = found(drawn("start > and1 > a > xor1 > end", "and1 > b > xor1"))["lack_of_synchronisation"]
    assert problem.elements == ("xor1>end",)
    assert problem.trace[:2] == ("start", "and1")
    assert sorted(problem.trace[2:]) == ["a", "b", "xor1", "xor1"]
    assert "Two tokens" in problem.message


def test_an_exclusive_split_into_a_parallel_join_deadlocks_by_the_shortest_way() -> None:
    problems = found(drawn("start > xor1 > a > long > and1 > end", "xor1 > b > and1"))
    assert problems.keys() == {"deadlock", "dead_element"}
    assert problems["deadlock"].elements == ("and1",)
    assert problems["deadlock"].trace == ("start", "xor1", "b")
    assert problems["dead_element"].elements == ("and1", "end")


def test_a_message_says_the_names_of_the_drawing() -> None:
    named = drawn("start > xor1 > a > and1 > end", "xor1 > b > and1", and1={"name_en": "All done"})
    assert "“All done” (and1)" in found(named)["deadlock"].message


@pytest.mark.parametrize("split", ["and", "or", "xor"])
def test_an_inclusive_join_waits_for_whatever_was_split(split: str) -> None:
    assert not found(drawn(f"start > {split}1 > a > or2 > end", f"{split}1 > b > or2", f"{split}1 > c > or2"))


def test_an_inclusive_split_into_a_parallel_join_deadlocks() -> None:
    assert found(drawn("start > or1 > a > and1 > end", "or1 > b > and1"))["deadlock"].trace == ("start", "or1", "a")


def test_an_inclusive_split_into_an_exclusive_merge_lacks_synchronisation() -> None:
    assert found(drawn("start > or1 > a > xor1 > end", "or1 > b > xor1")).keys() == {"lack_of_synchronisation"}


def test_an_inclusive_join_does_not_wait_for_a_branch_that_ended() -> None:
    assert not found(drawn("start > and1 > a > or1 > end", "and1 > xor1 > b > or1", "xor1 > end2"))


def test_two_inclusive_joins_that_wait_for_each_other_deadlock() -> None:
    # Each sees the other's token coming and its own flow from there empty (the vicious circle of Kindler 2006).
    graph = drawn("start > and1 > or1 > xor1 > or2", "and1 > or2 > xor2 > or1", "xor1 > end1", "xor2 > end2")
    assert found(graph).keys() >= {"deadlock"}


def test_an_inclusive_gateway_with_conditions_and_a_default_takes_one_or_some() -> None:
    asked = {"or1>a": "x", "or1>b": "y"}
    paths = ("start > or1 > a > or2 > end", "or1 > b > or2", "or1 > c > or2")
    graph = drawn(*paths, conditions=asked, or1={"default": "or1>c"})
    assert not found(graph)
    broken = drawn(*paths[:2], "or1 > c > and1 > end2", "b > and1", conditions=asked, or1={"default": "or1>c"})
    assert "deadlock" in found(broken)


def test_conditional_flows_out_of_an_activity_leave_some_or_all() -> None:
    assert not found(drawn("start > a > b > or1 > end", "a > c > or1", conditions={"a>b": "x", "a>c": "y"}))
    assert "deadlock" in found(drawn("start > a > b > and1 > end", "a > c > and1", conditions={"a>b": "x"}))


def test_several_ends_are_fine() -> None:
    assert not found(drawn("start > and1 > a > end1", "and1 > b > end2", "and1 > c"))


def test_an_event_based_gateway_goes_one_way() -> None:
    paths = ("start > event1 > catch1 > xor1 > end", "event1 > catch2 > a > xor1")
    assert not found(drawn(*paths, catch1=MESSAGE, catch2=TIMER))
    joined = drawn("start > event1 > catch1 > and1 > end", "event1 > catch2 > and1", catch1=MESSAGE, catch2=TIMER)
    assert found(joined)["deadlock"].trace == ("start", "event1", "catch1")


def test_a_way_back_is_a_way_on() -> None:
    graph = drawn("start > xor1 > a > b > end", "b > xor1", b={"returns": ("b>xor1",)})
    assert not found(graph)


def test_a_loop_that_nobody_can_leave_has_no_option_to_complete() -> None:
    problem = found(drawn("start > xor1 > a > b > xor1"))["no_option_to_complete"]
    assert problem.trace == ()


# --- where a process begins


def test_each_start_event_is_a_beginning_of_its_own() -> None:
    assert not found(drawn("start1 > xor1 > a > end", "start2 > xor1"))
    assert "deadlock" in found(drawn("start1 > and1 > a > end", "start2 > and1"))


def test_without_a_start_event_all_that_has_no_incoming_flow_begins_at_once() -> None:
    assert not found(drawn("a > and1 > end", "b > and1"))
    assert found(drawn("a > xor1 > end", "b > xor1")).keys() == {"lack_of_synchronisation"}


def test_beside_a_start_event_what_has_no_incoming_flow_is_dead() -> None:
    assert dead(drawn("start > a > end", "island > late > end", late=on("island"))) == ("island", "late")


# --- events on the border


def test_an_interrupting_timer_counts_as_a_way_on() -> None:
    assert not found(drawn("start > a > xor1 > end", "late > xor1", late=on("a")))
    assert "deadlock" in found(drawn("start > a > and1 > end", "late > and1", late=on("a")))


def test_what_a_timer_beside_its_task_sets_off_is_proven_on_its_own() -> None:
    beside = on("a", interrupting=False)
    assert not found(drawn("start > a > end", "late > mail > end2", late=beside))
    problem = found(drawn("start > a > and1 > end", "late > mail > and1", late=beside))["deadlock"]
    assert problem.trace == ("start", "a")
    branch = drawn("start > a > end", "late > xor1 > mail > and1 > end2", "xor1 > and1", late=beside)
    assert found(branch)["deadlock"].trace == ("start", "a", "late", "xor1")


@pytest.mark.parametrize(("host", "trigger", "alive"), [
    ("auto1", Trigger.ERROR, True), ("call1", Trigger.ERROR, True), ("call1", Trigger.ESCALATION, True),
    ("auto1", Trigger.ESCALATION, False), ("man1", Trigger.ERROR, False),
])  # fmt: skip
def test_an_event_that_nothing_can_throw_is_dead(host: str, trigger: Trigger, alive: bool) -> None:
    graph = drawn(f"start > {host} > xor1 > end", "caught > xor1", caught=on(host, trigger))
    assert [problem.elements for problem in find_problems(graph)] == ([] if alive else [("caught",)])
    # Of a foreign drawing nobody knows what a task may throw.
    assert not find_problems(graph, flow_only=True)


# --- sub-processes


def _sub(*inner: str, **nodes: Words) -> Graph:
    return drawn("start > sub1 > xor1 > end", "caught > xor1", *(f"sub1: {path}" for path in inner), **nodes)


def test_a_sub_process_is_proven_on_its_own() -> None:
    code = on("sub1", Trigger.ERROR)
    assert found(_sub("b > and2 > c > and3", "and2 > d > and3", caught=code), max_states=9).keys() == set()
    problem = found(_sub("b > xor2 > c > and3", "xor2 > d > and3", caught=code))["deadlock"]
    assert problem.trace == ("start", "sub1", "b", "xor2", "c")
    assert problem.elements == ("and3",)


LOOP = "is > xorm > a > xorm"


def test_a_sub_process_that_gets_stuck_is_a_fault_only_if_nothing_ends_it() -> None:
    stuck = drawn("start > sub1 > e", f"sub1: {LOOP}")
    assert found(stuck)["no_option_to_complete"].trace == ("start", "sub1")
    # What comes behind it never comes, nor do two tokens meet there.
    assert found(stuck)["dead_element"].elements == ("e",)
    behind = drawn("start > sub1 > and1 > b > xor1 > end", "and1 > c > xor1", f"sub1: {LOOP}")
    assert found(behind).keys() == {"no_option_to_complete", "dead_element"}
    join = ("start > sub1 > end", "late > end2", "sub1: or3 > b > and3", "sub1: or3 > c > and3")
    for trigger in (Trigger.MESSAGE, Trigger.TIMER, Trigger.SIGNAL):
        assert not found(drawn(*join, late=on("sub1", trigger)))
    assert found(drawn(*join, late=on("sub1", Trigger.ERROR)))["deadlock"].elements == ("and3",)


def test_what_ends_an_enclosing_scope_ends_what_got_stuck_in_it() -> None:
    inner = ("sub1: first > sub3 > b > ie", f"sub3: {LOOP}")
    nested = {"sub3": {"scope": "sub1"}}
    assert "no_option_to_complete" in found(drawn("start > sub1 > end", *inner, **nested))
    outer = found(drawn("start > sub1 > end", "late > end2", *inner, late=on("sub1"), **nested))
    assert outer.keys() == {"dead_element"}
    assert not found(drawn("start > sub1", "late > end2", f"sub1: {LOOP}", late=on("sub1", Trigger.MESSAGE)))
    assert not found(drawn("start > and1 > sub1", "and1 > b > end2", f"sub1: {LOOP}", end2=TERMINATE))
    # A terminate end that may be passed by is no way out once it was.
    perhaps = drawn("start > and1 > sub1 > end", "and1 > xor1 > end2", "xor1 > end3", f"sub1: {LOOP}", end2=TERMINATE)
    assert found(perhaps)["no_option_to_complete"].trace == ("start", "and1", "sub1", "xor1")


def test_a_branch_beside_what_got_stuck_may_end_its_scope() -> None:
    late = on("sub1", interrupting=False)
    paths = ("start > sub1 > end", "late > help > end2", f"sub1: {LOOP}")
    assert found(drawn(*paths, late=late, end2=TERMINATE)).keys() == {"dead_element"}
    assert found(drawn(*paths, late=late, end2=ERROR)).keys() == {"dead_element"}
    assert "no_option_to_complete" in found(drawn(*paths, late=late))


def test_an_error_end_leaves_by_the_border_that_catches_it() -> None:
    code = {**ERROR, "reference": "no"}
    paths = ("b > xor2 > end2", "xor2 > end3")
    assert not found(_sub(*paths, end3=code, caught=on("sub1", Trigger.ERROR)))
    assert not found(_sub(*paths, end3=code, caught=on("sub1", Trigger.ERROR, reference="no")))
    assert dead(_sub(*paths, end3=code, caught=on("sub1", Trigger.ERROR, reference="other"))) == ("caught",)
    # Only the error ends it: what would follow its normal end is dead.
    only = drawn(
        "start > sub1 > a > end", "sub1: b > end2", "caught > end4", end2=code, caught=on("sub1", Trigger.ERROR)
    )
    assert dead(only) == ("a", "end")


def test_an_error_that_nobody_catches_ends_the_process() -> None:
    graph = drawn(
        "start > and1 > sub1 > and2 > end", "and1 > a > and2", "sub1: b > xor2 > end2", "sub1: xor2 > end3", end3=ERROR
    )
    assert not found(graph)


def test_terminate_ends_its_scope_alone() -> None:
    inner = ("and3 > a > end2", "and3 > b > end3")
    assert not found(_sub(*inner, end3=TERMINATE, caught=on("sub1")))
    assert not found(drawn("start > and1 > a > and2 > end", "and1 > b > end2", end2=TERMINATE)).keys() - {"deadlock"}


def test_terminate_in_a_branch_ends_the_scope_that_it_branched_from() -> None:
    paths = ("start > sub1 > a > end", "sub1: b > end2", "sub1: late > end3", "caught > end4")
    words = {
        "end2": ERROR,
        "late": {**on("b", interrupting=False), "scope": "sub1"},
        "caught": on("sub1", Trigger.ERROR),
    }
    assert dead(drawn(*paths, **words)) == ("a", "end")
    assert not found(drawn(*paths, end3=TERMINATE, **words))


def test_an_escalation_passes_on_unless_it_interrupts() -> None:
    passing = _sub("throw1 > b > end2", throw1=ESCALATION, caught=on("sub1", Trigger.ESCALATION, interrupting=False))
    assert not found(passing)
    assert dead(_sub("throw1 > b > end2", throw1=ESCALATION, caught=on("sub1", Trigger.ESCALATION))) == ("b", "end2")


def test_an_interrupting_event_sub_process_is_a_way_out() -> None:
    beside = {"sub2": {**BESIDE}, "start2": {**MESSAGE, "scope": "sub2"}}
    stuck = drawn("start > xor1 > a > and1 > end", "xor1 > b > and1", "sub2: start2 > help > end2", **beside)
    assert found(stuck).keys() == {"dead_element"}
    assert not found(drawn("start > xor1 > a > xor1", "sub2: start2 > help > end2", **beside))
    unending = drawn("start > xor1 > a > xor1", "sub2: start2 > xor2 > help > xor2", **beside)
    assert "no_option_to_complete" in found(unending)
    beside["start2"]["interrupting"] = False
    assert "no_option_to_complete" in found(drawn("start > xor1 > a > xor1", "sub2: start2 > help > end2", **beside))
    assert not found(drawn("start > xor1 > a > xor1", "sub2: start2 > help > end2", end2=ERROR, **beside))
    assert not found(drawn("start > a > end", "sub2: start2 > help > end2", **beside))


def test_an_event_sub_process_for_an_error_needs_somebody_to_throw_it() -> None:
    beside = {"sub2": {**BESIDE}, "start2": {**ERROR, "scope": "sub2"}}
    thrown = drawn("start > xor1 > end", "xor1 > end2", "sub2: start2 > end3", end2=ERROR, **beside)
    assert not find_problems(thrown, flow_only=True)
    unthrown = drawn("start > a > end", "sub2: start2 > end3", **beside)
    problem = next(problem for problem in find_problems(unthrown) if problem.kind == "dead_element")
    assert problem.elements == ("start2", "end3", "sub2")


# --- size


Middle = Callable[[int], tuple[str, ...]]

_TASKS: Middle = lambda n: (f"> a{n} > b{n} > c{n} >",)  # noqa: E731
_INSIDES: dict[str, Middle] = {
    "tasks": _TASKS,
    "choice": lambda n: (f"> xor{n} > a{n} > xorm{n} >", f"xor{n} > b{n} > xorm{n}"),
    "loop": lambda n: (f"> xor{n} > a{n} > xorm{n} >", f"xorm{n} > b{n} > xor{n}"),
    "timer": lambda n: (f"> a{n} > xorm{n} >", f"late{n} > b{n} > xorm{n}"),
    "block": lambda n: (f"> and{n} > a{n} > andm{n} >", f"and{n} > b{n} > andm{n}"),
    "inclusive block": lambda n: (f"> or{n} > a{n} > orm{n} >", f"or{n} > b{n} > orm{n}"),
    "inclusive loop": lambda n: (f"> or{n} > a{n} > xorm{n} >", f"xorm{n} > b{n} > or{n}"),
    "end inside": lambda n: (f"> a{n} > b{n} >", f"late{n} > c{n} > endx{n}"),
}


def _wide(split: str, join: str, middle: Middle = _TASKS, branches: int = 20) -> Graph:
    paths = [f"start > {split}s", f"{join}j > end"]
    nodes: dict[str, Words] = {}
    for number in range(branches):
        first, *others = middle(number)
        paths += [f"{split}s {first} {join}j", *others]
        if any(path.startswith("late") for path in others):
            nodes[f"late{number}"] = on(f"a{number}")
    return drawn(*paths, **nodes)


@pytest.mark.parametrize("gateway", ["and", "or"])
@pytest.mark.parametrize("inside", _INSIDES)
def test_wide_blocks_are_decided_without_counting_their_markings(gateway: str, inside: str) -> None:
    began = time.process_time()
    report = check(_wide(gateway, "or" if inside == "end inside" else gateway, _INSIDES[inside]), flow_only=True)
    assert report.problems == ()
    assert report.states <= 4
    assert time.process_time() - began < 1


@pytest.mark.parametrize(("split", "join", "kind"), [
    ("and", "xor", "lack_of_synchronisation"), ("xor", "and", "deadlock"), ("or", "and", "deadlock"),
    ("or", "xor", "lack_of_synchronisation"),
])  # fmt: skip
def test_wide_faults_are_found_by_a_short_way(split: str, join: str, kind: str) -> None:
    began = time.process_time()
    problem = found(_wide(split, join))[kind]
    assert len(problem.trace) == (5 if kind == "deadlock" else 10)
    assert time.process_time() - began < 2


def test_what_only_runs_beside_is_left_out_of_the_shortest_trace() -> None:
    beside = [f"andw > t{n} > end{n}" for n in range(16)]
    graph = drawn("start > andw", *beside, "andw > p1 > p2 > andy > k1 > xork > r > e", "andy > k2 > xork")
    problem = found(graph)["lack_of_synchronisation"]
    assert problem.trace[:5] == ("start", "andw", "p1", "p2", "andy")
    assert sorted(problem.trace[5:]) == ["k1", "k2", "xork", "xork"]


@pytest.mark.parametrize("branches", [12, 14, 20, 40])
def test_a_deadlock_of_many_branches_that_may_each_leave_is_found(branches: int) -> None:
    numbers = range(branches)
    early = drawn("start > ands", "andj > end", *[f"ands > a{n} > b{n} > c{n} > xor{n} > andj" for n in numbers],
                  *[f"xor{n} > end{n}" for n in numbers])  # fmt: skip
    late = _wide("and", "and", lambda n: (f"> a{n} > b{n} > c{n} >", f"late{n} > end{n}"), branches)
    for graph, length in ((early, 3 + 4 * branches), (late, 3 + 3 * (branches - 1) + 2)):
        began = time.process_time()
        assert len(found(graph)["deadlock"].trace) == length
        assert time.process_time() - began < 2


def test_what_nothing_leads_to_is_dead_also_where_two_tokens_meet() -> None:
    graph = drawn("start > and1 > a > xor1 > end", "and1 > b > xor1", "island > late > end2", late=on("island"))
    assert found(graph)["dead_element"].elements == ("island", "late", "end2")


def test_branches_that_each_end_by_themselves_are_decided() -> None:
    for gateway in ("and", "or"):
        graph = drawn(f"start > {gateway}s", *[f"{gateway}s > a{n} > xor{n} > end{n}" for n in range(20)],
                      *[f"xor{n} > b{n} > endb{n}" for n in range(20)])  # fmt: skip
        assert check(graph, flow_only=True).problems == ()


def test_two_hundred_elements_are_proven_in_a_blink() -> None:
    paths, last = [], "start"
    for number, kind in enumerate(["and", "xor", "or"] * 11):
        split, join = f"{kind}s{number}", f"{kind}j{number}"
        paths += [f"{last} > {split} > a{number} > b{number} > {join}"]
        paths += [f"{split} > {name}{number} > {join}" for name in "cd"]
        last = join
    graph = drawn(*paths, f"{last} > end")
    assert len(graph.nodes) == 200
    began = time.process_time()
    assert check(graph, flow_only=True).states == 2
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize("seed", range(20))
def test_block_structured_processes_reduce_to_nothing(seed: int) -> None:
    report = check(Blocks(seed, 150).graph, flow_only=True, max_states=10)
    assert report.problems == ()
    assert report.states == 2


def test_beyond_the_bound_nothing_is_passed() -> None:
    crossed = drawn("start > ors", "orj > end", *[f"ors > a{n} > or{n} > b{n} > orj" for n in range(6)],
                    *[f"or{n} > or{n + 1}" for n in range(5)])  # fmt: skip
    assert found(crossed, max_states=50).keys() == {"undecided"}
    assert not found(crossed)
