"""A business rule task in a running case: the decision table answers, the process goes the way it says."""

from __future__ import annotations

import pytest

from tests.factories.processes import exclusive, graph, user_task
from tests.factories.runs import NOW, publish
from tests.workflows.dmn.tables import column, dmn
from workflows.engine.graph import Node, NodeKind
from workflows.enums import JobState
from workflows.models import Job, Run, Task
from workflows.operations.decisions import publish_decision
from workflows.operations.jobs import run_due_jobs
from workflows.operations.runs import start_run

pytestmark = pytest.mark.django_db

ROUTE = graph(
    (
        Node(id="ask", kind=NodeKind.RULE_TASK, action="workflows.decide", decision="sign-route"),
        exclusive("x", "x>desk"),
        user_task("site"),
        user_task("desk"),
    ),
    "start > ask > x > site > end",
    "x > desk > end",
    conditions={"x>site": "decision.sign_route == 'site visit'"},
    key="sign",
)


def table(large: str) -> bytes:
    columns = [column("sign.area", "number")], [column("route", "string")]
    return dmn(*columns, [("< 10", '"desk"'), (">= 10", f'"{large}"')], "UNIQUE", key="sign-route")


def decided(area: int) -> Run:
    run = start_run(
        process_key="sign", subject_kind="probe", subject_id=str(area), data={"sign": {"area": area}}, by=None, at=NOW
    )
    run_due_jobs(at=NOW)
    run.refresh_from_db()
    return run


@pytest.mark.parametrize(("area", "node", "answer"), [(4, "desk", "desk"), (12, "site", "site visit")])
def test_the_table_decides_where_the_case_goes(area: int, node: str, answer: str) -> None:
    publish_decision(source=table("site visit"), at=NOW)
    publish(ROUTE)
    run = decided(area)
    assert run.known["decision"] == {"sign_route": answer}
    assert run.known["outcome"] == {"ask": answer}
    assert Task.objects.get(run=run).node == node


def test_a_case_asks_the_table_that_is_published_when_it_comes_there() -> None:
    publish_decision(source=table("site visit"), at=NOW)
    publish(ROUTE)
    publish_decision(source=table("desk"), at=NOW)
    assert Task.objects.get(run=decided(12)).node == "desk"


def test_a_table_nobody_published_is_tried_again_and_never_guessed() -> None:
    publish(ROUTE)
    run = decided(12)
    assert not Task.objects.filter(run=run).exists()
    job = Job.objects.get(run=run)
    assert (job.state, job.attempts, job.last_error) == (JobState.QUEUED, 1, "UnknownDecisionError")
