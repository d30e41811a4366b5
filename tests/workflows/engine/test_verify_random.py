"""The proof held to a naive one, on thousands of random graphs: block-structured, rewired and wild ones."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.factories.graphs import block_graphs, rewired_graphs, wild_graphs
from tests.workflows.engine.explorer import Naive, TooLargeError
from workflows.engine.explore import Findings, explore
from workflows.engine.graph import Graph, NodeKind
from workflows.engine.net import Drawing, Throws
from workflows.engine.reduce import reduced
from workflows.engine.rules import broken_rules
from workflows.engine.verify import STUCK, find_problems

FLOW_KINDS = {"deadlock", "lack_of_synchronisation", "dead_element", "no_option_to_complete"}
LACK = "lack_of_synchronisation"


def thorough(examples: int) -> settings:
    # The same examples in every run: a rare disagreement is looked for with more of them, not met by chance.
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def _agrees(graph: Graph, *, flow_only: bool) -> None:
    try:
        naive = Naive(graph, flow_only=flow_only, limit=300)
    except TooLargeError:
        assume(False)
    ruled = broken_rules(graph)
    found = [problem for problem in find_problems(graph, flow_only=flow_only) if problem not in ruled]
    problems = [problem for problem in found if problem.kind in FLOW_KINDS]
    kinds = {problem.kind for problem in problems}
    for problem in (
        problems if LACK in kinds else ()
    ):  # not all was looked at: only what nothing leads to is called dead
        assert problem.kind != "dead_element" or not naive.fired & set(problem.elements)
    nodes = graph.nodes.values()
    if any(node.kind is NodeKind.SUB_PROCESS or not node.interrupting for node in nodes):
        # Their traces lead through several scopes, which the naive search does not follow; nor does it say whether the
        # whole or only a part stands still, or what goes wrong beyond a second token in another scope.
        assert _outlined(kinds) == _outlined(naive.kinds)
        return
    assert kinds - ({"dead_element"} if LACK in kinds else set()) == naive.kinds
    for kind in naive.kinds & {"deadlock", LACK}:
        nearest = next(problem for problem in problems if problem.kind == kind)
        assert naive.replays(nearest.trace, kind)
        assert len(nearest.trace) == naive.shortest(kind)


def _outlined(kinds: set[str]) -> set[str]:
    if LACK in kinds:
        return {LACK}
    return {"stuck" if kind in STUCK else kind for kind in kinds}


@thorough(900)
@given(block_graphs(), st.booleans())
def test_the_proof_agrees_on_blocks(graph: Graph, flow_only: bool) -> None:
    _agrees(graph, flow_only=flow_only)


@thorough(900)
@given(rewired_graphs(), st.booleans())
def test_the_proof_agrees_on_blocks_drawn_wrong(graph: Graph, flow_only: bool) -> None:
    _agrees(graph, flow_only=flow_only)


@thorough(900)
@given(wild_graphs(), st.booleans())
def test_the_proof_agrees_on_anything(graph: Graph, flow_only: bool) -> None:
    _agrees(graph, flow_only=flow_only)


def _kinds(findings: Findings) -> set[str]:
    return {fault.kind for fault in findings.faults}


@pytest.mark.parametrize("apart", [False, True])
@thorough(400)
@given(graph=rewired_graphs() | wild_graphs())
def test_a_reduced_net_is_wrong_in_the_same_ways(graph: Graph, apart: bool) -> None:
    drawing = Drawing(graph, "", Throws(graph, flow_only=True), {})
    starts = graph.starts("")
    assume(starts)
    net = drawing.net(starts if starts[0].kind is not NodeKind.START else starts[:1])
    whole, small = explore(net, 3_000), explore(reduced(net, apart=apart), 3_000)
    assume(whole.decided)
    assert small.decided
    assert (LACK in _kinds(whole)) == (LACK in _kinds(small))
    if LACK not in _kinds(whole):
        # What else goes wrong beyond a second token depends on the order of moves.
        assert _kinds(small) == _kinds(whole)
        assert small.fired == whole.fired
        assert small.completes == whole.completes
