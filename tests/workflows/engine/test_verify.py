"""The proof that a process cannot get stuck: each fault by an example, then against a naive search on random graphs."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.processes import (
    boundary,
    connected,
    exclusive,
    graph,
    manual,
    parallel,
    service_task,
    sound_graphs,
    user_task,
)
from workflows.bpmn.parse import parse_process
from workflows.engine.graph import WAITING, Flow, Graph, Node, NodeKind
from workflows.engine.net import Net
from workflows.engine.verify import Problem, find_problems

SHIPPED = sorted((Path(__file__).parents[3] / "services/catalogue/data/processes").glob("*.bpmn"))


def kinds(drawn: Graph, **words: int) -> set[str]:
    return {problem.kind for problem in find_problems(drawn, **words)}


def only(drawn: Graph) -> Problem:
    (problem,) = find_problems(drawn)
    return problem


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_shipped_processes_are_sound(file: Path) -> None:
    assert find_problems(parse_process(file.read_bytes())) == []


def test_there_are_shipped_processes() -> None:
    assert len(SHIPPED) >= 6


def test_a_parallel_split_into_an_exclusive_merge_lacks_synchronisation() -> None:
    nodes = (parallel("p"), exclusive("m"), user_task("a"), user_task("b"))
    problem = only(graph(nodes, "start > p > a > m > end", "p > b > m"))
    assert problem.kind == "lack_of_synchronisation"
    assert problem.elements == ("m>end",)
    # Entering and leaving each task, then the merge with the first token and with the second.
    assert Counter(problem.trace) == Counter({"p": 1, "a": 2, "b": 2, "m": 2})
    assert problem.trace[-1] == "m"


def test_an_exclusive_split_into_a_parallel_join_deadlocks_by_the_shortest_way() -> None:
    nodes = (exclusive("x", "x>b"), user_task("long"), parallel("j"), user_task("a"), user_task("b"))
    drawn = graph(nodes, "start > x > a > long > j > end", "x > b > j", conditions={"x>a": "answers.a == 1"})
    problem = next(problem for problem in find_problems(drawn) if problem.kind == "deadlock")
    assert problem.elements == ("j",)
    assert problem.trace == ("x", "b", "b")


def test_what_no_token_reaches_is_dead() -> None:
    nodes = (user_task("a"), user_task("island"), boundary("late", "island"))
    problem = only(graph(nodes, "start > a > end", "island > end", "late > end"))
    assert problem == Problem(kind="dead_element", elements=("island", "late"))


def test_what_only_a_dead_join_leads_to_is_dead() -> None:
    nodes = (exclusive("x", "x>j"), parallel("j"), user_task("a"), user_task("after"))
    drawn = graph(nodes, "start > x > j > after > end", "x > a > j", conditions={"x>a": "answers.a == 1"})
    assert kinds(drawn) == {"deadlock", "dead_element"}
    dead = next(problem for problem in find_problems(drawn) if problem.kind == "dead_element")
    assert dead.elements == ("after", "end", "j")


@pytest.mark.parametrize("paths", [("start > x > a > end", "x > end"), ("start > x > end",)])
def test_a_gateway_that_may_stay_closed_needs_a_default(paths: tuple[str, ...]) -> None:
    nodes = (exclusive("x"), user_task("a")) if len(paths) > 1 else (exclusive("x"),)
    drawn = graph(nodes, *paths, conditions={"x>a": "answers.a == 1", "x>end": "answers.a == 2"})
    assert only(drawn) == Problem(kind="missing_default", elements=("x",))


def test_a_loop_that_nobody_can_leave_has_no_option_to_complete() -> None:
    nodes = (exclusive("m"), user_task("a"), user_task("b"))
    problem = only_stuck(graph(nodes, "start > m > a > b > m"))
    assert problem.kind == "no_option_to_complete"
    assert problem.trace == ()


def only_stuck(drawn: Graph) -> Problem:
    (problem,) = [problem for problem in find_problems(drawn) if problem.kind != "dead_element"]
    return problem


def test_a_circle_in_which_nothing_waits_is_refused() -> None:
    nodes = (exclusive("m"), manual("step"), exclusive("x", "x>end"), user_task("a"))
    drawn = graph(nodes, "start > a > m > step > x > m", "x > end", conditions={"x>m": "outcome.a == 'more'"})
    assert only(drawn) == Problem(kind="endless_loop", elements=("m", "step", "x"))
    waiting = graph(nodes, "start > m > a > step > x > m", "x > end", conditions={"x>m": "outcome.a == 'more'"})
    assert find_problems(waiting) == []


def test_an_interrupting_timer_counts_as_a_way_on() -> None:
    nodes = (user_task("u"), boundary("late", "u"), exclusive("m"))
    assert find_problems(graph(nodes, "start > u > m > end", "late > m")) == []


def test_an_interrupting_timer_into_a_join_deadlocks() -> None:
    nodes = (user_task("u"), boundary("late", "u"), parallel("j"))
    assert kinds(graph(nodes, "start > u > j > end", "late > j")) == {"deadlock", "dead_element"}


def test_the_branch_of_a_timer_beside_its_task_is_proven_on_its_own() -> None:
    nodes = (user_task("u"), boundary("remind", "u", interrupting=False), service_task("mail"))
    assert find_problems(graph(nodes, "start > u > end", "remind > mail > end")) == []
    nodes = (*nodes, parallel("j"))
    assert "deadlock" in kinds(graph(nodes, "start > u > j > end", "remind > mail > j"))


def _wide(branches: int) -> Graph:
    nodes = [parallel("split"), parallel("join")]
    paths = ["start > split", "join > end"]
    for number in range(branches):
        nodes += [user_task(f"a{number}"), user_task(f"b{number}")]
        paths.append(f"split > a{number} > b{number} > join")
    return graph(nodes, *paths)


def test_a_wide_process_is_proven_without_counting_its_markings() -> None:
    began = time.perf_counter()
    assert find_problems(_wide(30), max_states=100) == []  # 5 ** 30 markings
    assert time.perf_counter() - began < 20


def test_beyond_the_bound_nothing_is_passed() -> None:
    drawn = _wide(6)
    broken = connected("probe", dict(drawn.nodes), {**drawn.flows, "x": Flow(id="x", source="a0", target="b1")})
    assert kinds(broken, max_states=50) == {"undecided"}


@settings(max_examples=150)
@given(sound_graphs)
def test_block_structured_processes_are_sound_and_reduce_to_almost_nothing(drawn: Graph) -> None:
    assert find_problems(drawn, max_states=2_000) == []
    reduced = Net.of(drawn, drawn.start).reduced()
    assert reduced is not None
    assert len(reduced.moves) <= 4


# --- against a naive search: multisets of tokens, recursion, no reduction, no sharing of code

_KINDS = st.sampled_from([user_task, manual, exclusive, parallel])


@st.composite
def _random_graphs(draw: st.DrawFn) -> Graph:
    inner = [draw(_KINDS)(f"n{number}") for number in range(draw(st.integers(1, 5)))]
    nodes = {"start": Node(id="start", kind=NodeKind.START), **{node.id: node for node in inner}}
    nodes["end"] = Node(id="end", kind=NodeKind.END)
    names = [*[node.id for node in inner], "end"]
    pairs = [("start", draw(st.sampled_from(names)))]
    for node in inner:
        pairs += [(node.id, target) for target in draw(st.lists(st.sampled_from(names), min_size=1, max_size=2))]
    if draw(st.booleans()):
        hosts = [node.id for node in inner if node.kind is NodeKind.USER_TASK]
        if hosts:
            host = draw(st.sampled_from(hosts))
            nodes["timer"] = boundary("timer", host, interrupting=draw(st.booleans()))
            pairs.append(("timer", draw(st.sampled_from(names))))
    flows = {
        f"f{number}": Flow(id=f"f{number}", source=source, target=target)
        for number, (source, target) in enumerate(pairs)
    }
    drawn = connected("probe", nodes, flows)
    with_defaults = {
        node.id: exclusive(node.id, node.outgoing[0]) if node.kind is NodeKind.EXCLUSIVE else node
        for node in drawn.nodes.values()
    }
    return connected("probe", with_defaults, flows)


class _Naive:
    """Every marking as a sorted tuple of tokens, every move tried on it."""

    def __init__(self, drawn: Graph) -> None:
        self.drawn = drawn
        self.fired: set[str] = set()
        self.unsafe = self.stuck = False

    def explore(self, origin: Node) -> None:
        self.fired.add(origin.id)
        reachable = {tuple(sorted(origin.outgoing))}
        todo, links = list(reachable), {}
        while todo and not self.unsafe:
            marking = todo.pop()
            links[marking] = self._after(marking)
            for following in links[marking]:
                self.unsafe |= any(number > 1 for number in Counter(following).values())
                if following not in reachable:
                    reachable.add(following)
                    todo.append(following)
        if not self.unsafe:
            self.stuck |= any(not self._can_end(marking, links) for marking in reachable)

    def _can_end(self, marking: tuple[str, ...], links: dict[tuple[str, ...], list[tuple[str, ...]]]) -> bool:
        seen, todo = {marking}, [marking]
        while todo:
            at = todo.pop()
            if not at:
                return True
            more = [following for following in links[at] if following not in seen]
            seen.update(more)
            todo += more
        return False

    def _after(self, marking: tuple[str, ...]) -> list[tuple[str, ...]]:
        found = []
        for node in self.drawn.nodes.values():
            for taken, put in self._ways(node):
                left = Counter(marking)
                left.subtract(taken)
                if all(number >= 0 for number in left.values()):
                    self.fired.add(node.id)
                    found.append(tuple(sorted([*left.elements(), *put])))
        return found

    def _ways(self, node: Node) -> list[tuple[list[str], list[str]]]:
        out = list(node.outgoing)
        match node.kind:
            case NodeKind.START:
                return []
            case NodeKind.PARALLEL:
                return [(list(node.incoming), out)] if node.incoming else []
            case NodeKind.EXCLUSIVE:
                return [([flow], [choice]) for flow in node.incoming for choice in out]
            case NodeKind.TIMER_BOUNDARY:
                return [([node.host], out)] if node.interrupting else []
        if node.kind in WAITING:
            return [*[([flow], [node.id]) for flow in node.incoming], ([node.id], out)]
        return [([flow], out) for flow in node.incoming]


@settings(max_examples=600)
@given(_random_graphs())
def test_the_proof_agrees_with_a_naive_search(drawn: Graph) -> None:
    naive = _Naive(drawn)
    for node in drawn.nodes.values():
        if node.kind is NodeKind.START or (node.kind is NodeKind.TIMER_BOUNDARY and not node.interrupting):
            naive.explore(node)
            if naive.unsafe:
                break
    found = kinds(drawn) - {"endless_loop"}
    assert ("lack_of_synchronisation" in found) == naive.unsafe
    if not naive.unsafe:
        assert bool(found & {"deadlock", "no_option_to_complete"}) == naive.stuck
        assert ("dead_element" in found) == (naive.fired != set(drawn.nodes))
