"""Where the tokens of open runs rest, and what would move each: a case whose token nothing moves is stuck (REL-10)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection

from workflows.engine.graph import NodeKind
from workflows.engine.marking import is_watched
from workflows.engine.state import State
from workflows.enums import RunState
from workflows.models import Run
from workflows.queries.definitions import graph_of
from workflows.queries.invariants import Check, asked, counted

#: Rows that will move a token: somebody's task, a worker's job, a wait, a child run, a timer of the drawing.
_MOVERS = """
select run_id, node, round from workflows_task where state in ('ready', 'claimed')
union all select run_id, node, round from workflows_job where state in ('queued', 'incident')
union all select run_id, node, round from workflows_subscription
union all select parent_id, parent_node, parent_round from workflows_run where parent_id is not null
 and state <> 'ended'
union all select split_part(subject_id, ':', 1)::bigint, split_part(subject_id, ':', 2),
 split_part(subject_id, ':', 3)::int from workflows_timer
 where subject_kind = 'node' and kind = 'event' and fired_at is null and cancelled_at is null"""
_TOKENS = """
select r.id run_id, coalesce(r.root_id, r.id) root_id, r.definition_id, split_part(key, '#', 1) node,
 split_part(key, '#', 2)::int round
from workflows_run r, jsonb_object_keys(coalesce(r.marking -> %(part)s, '{}')) key where r.state <> 'ended'"""
_UNMOVED = f"""
select token.root_id, token.run_id, token.definition_id, token.node, token.round from ({_TOKENS}) token
left join ({_MOVERS}) mover on mover.run_id = token.run_id and mover.node = token.node and mover.round = token.round
where mover.run_id is null order by 2, 4, 5"""  # noqa: S608
_NOTHING_RESTS = """
select r.id, coalesce(r.root_id, r.id) from workflows_run r
where r.state <> 'ended' and coalesce(r.marking -> 'waiting', '{}') = '{}' order by 1"""
#: What stands open for a run that has no token there, or has ended.
_UNASKED = f"""
select mover.run_id, mover.node, mover.round from ({_MOVERS}) mover join workflows_run r on r.id = mover.run_id
where not (coalesce(r.marking -> 'waiting', '{{}}') ? (mover.node || '#' || mover.round)
 or coalesce(r.marking -> 'armed', '{{}}') ? (mover.node || '#' || mover.round))"""  # noqa: S608


@dataclass(frozen=True, kw_only=True, slots=True)
class Stuck:
    """A run in which something stands still for ever. node: where, "" if no token is left in it at all."""

    root_id: int
    run_id: int
    node: str = ""
    round: int = 0

    def __str__(self) -> str:
        return f"run {self.run_id}" + (f", {self.node}#{self.round}" if self.node else "")


def stuck_runs() -> list[Stuck]:
    """Return every place of an open run at which a token rests that nothing will ever move, by run."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTHING_RESTS)
        empty = [Stuck(run_id=run_id, root_id=root_id) for run_id, root_id in cursor.fetchall()]
        cursor.execute(_UNMOVED, {"part": "waiting"})
        unmoved = cursor.fetchall()
    return sorted([*empty, *_at_no_gateway(unmoved)], key=lambda one: (one.run_id, one.node, one.round))


#: A token that rests somewhere: root run, run, definition, node, round.
_Token = tuple[int, int, int, str, int]


def _at_no_gateway(unmoved: Sequence[_Token]) -> Iterator[Stuck]:
    """Leave out the tokens at event-based gateways: the events behind them move these."""
    gateways = [one for one in unmoved if graph_of(one[2]).nodes[one[3]].kind is NodeKind.EVENT_BASED]
    moved = _movers_of({run_id for _, run_id, *_ in gateways})
    for root_id, run_id, definition_id, node, number in unmoved:
        behind = graph_of(definition_id).listeners.get(node, ())
        if not any((event.id, number) in moved[run_id] for event in behind):
            yield Stuck(root_id=root_id, run_id=run_id, node=node, round=number)


def _movers_of(run_ids: set[int]) -> dict[int, set[tuple[str, int]]]:
    found: dict[int, set[tuple[str, int]]] = defaultdict(set)
    if run_ids:
        with connection.cursor() as cursor:
            cursor.execute(f"select * from ({_MOVERS}) mover where run_id = any(%s)", [sorted(run_ids)])  # noqa: S608
            for run_id, node, number in cursor.fetchall():
                found[run_id].add((node, number))
    return found


def _deaf_listeners() -> Iterator[str]:
    """Name the events that listen for a timer, message or signal of which there is no row."""
    with connection.cursor() as cursor:
        cursor.execute(_UNMOVED, {"part": "armed"})
        unmoved: list[_Token] = cursor.fetchall()
    for root_id, run_id, definition_id, node, number in unmoved:
        if is_watched(graph_of(definition_id).nodes[node]):
            yield str(Stuck(root_id=root_id, run_id=run_id, node=node, round=number))


def _wrong_markings() -> Iterator[str]:
    """Name open runs whose join has every token it waits for and yet did not let one through."""
    open_runs = Run.objects.exclude(state=RunState.ENDED).filter(marking__has_key="arrived").order_by("id")
    for run_id, definition_id, marking in open_runs.values_list("id", "definition_id", "marking").iterator():
        graph = graph_of(definition_id)
        arrived = State.from_json(marking, {}).arrived
        for node in graph.nodes.values():
            for scope in {scope for scope, _ in arrived} if node.kind is NodeKind.PARALLEL else ():
                if node.incoming and all((scope, flow) in arrived for flow in node.incoming):
                    yield f"run {run_id}, {node.id}"


TOKEN_CHECKS: tuple[Check, ...] = (
    Check(
        invariant="I2",
        says="Every token of an open run rests where a task, job, timer, message or child run will move it.",
        find=lambda _: counted(map(str, stuck_runs())),
    ),
    Check(
        invariant="I2",
        says="Every event that listens has the timer or the wait that will tell it.",
        find=lambda _: counted(_deaf_listeners()),
    ),
    asked(
        "I2",
        "Nothing stands open for a run that has no token there.",
        f"select format('run %%s, %%s#%%s', run_id, node, round) who from ({_UNASKED}) unasked",  # noqa: S608
    ),
    Check(
        invariant="I3",
        says="No join holds every token it waits for.",
        find=lambda _: counted(_wrong_markings()),
    ),
)
