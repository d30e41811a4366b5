"""Live history as XES and OCEL: whole cases, the standards' shapes, and nothing that says who somebody is."""

from __future__ import annotations

import gzip
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from lxml import etree

from tests.factories.accounts import UserFactory
from tests.factories.processes import call, graph, user_task
from tests.factories.runs import NOW, ONE_TASK, TWO_BRANCHES, publish, start, task
from workflows.eventlog import Log, figures_of, read_log
from workflows.eventlog.sources import open_source
from workflows.models import Run
from workflows.operations.clocks import start_clock
from workflows.operations.tasks import claim_task, complete_task
from workflows.queries.logs import live_log, pseudonym

pytestmark = pytest.mark.django_db
BESIDE = Path(__file__).resolve().parents[1] / "eventlog"
PARENT = graph(
    (call("food", called="one-task"), user_task("hand-out", department="hall", role="clerk")),
    "start > food > hand-out > end",
    key="opening",
)


@pytest.fixture
def parent() -> Run:
    """One application whose child process goes round twice; it ends after two days."""
    publish(ONE_TASK)
    clerk = UserFactory.create(name="王小明", username="wang", email="wang@one-stop.example")
    run = start(PARENT, number=12, data={"answers": {"name": "李四"}})
    child = Run.objects.get(parent=run)
    start_clock(
        root=run,
        subject_kind="probe",
        subject_id="12",
        kind="promised",
        limit_amount=1,
        limit_unit="working_days",
        started_at=NOW,
        starts_on_event="acceptance",
        by=clerk,
        at=NOW,
        department="hall",
    )
    claim_task(task_id=task(child, "work").pk, by=clerk, at=NOW + timedelta(hours=1))
    complete_task(task_id=task(child, "work").pk, outcome="again", by=clerk, at=NOW + timedelta(hours=2))
    complete_task(task_id=task(child, "work", 2).pk, outcome="ok", by=clerk, at=NOW + timedelta(days=1))
    complete_task(task_id=task(run, "hand-out").pk, outcome="done", by=clerk, at=NOW + timedelta(days=2))
    run.refresh_from_db()
    assert run.ended_at == NOW + timedelta(days=2)
    return run


def export(path: Path, *words: str) -> bytes:
    call_command("export_log", "--output", str(path), *words, stdout=io.StringIO())
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def read(path: Path) -> Log:
    with open_source(path) as stream:
        return read_log(stream)


def activities(log: Log) -> list[list[str]]:
    return [[event.activity for event in trace.events] for trace in log.traces]


def test_one_trace_per_application_with_all_that_happened_below_it(parent: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.xes.gz"
    document = export(path, "--format", "xes")
    etree.XMLSchema(etree.parse(BESIDE / "xes-1849.xsd")).assertValid(etree.fromstring(document))
    log = read(path)
    assert log.traces == live_log().traces
    assert activities(log) == [
        [
            "opening/run_started",
            "one-task/run_started",
            "one-task/work",
            "one-task/work",
            "one-task/run_ended",
            "opening/hand-out",
            "opening/run_ended",
        ]
    ]
    (trace,) = log.traces
    assert trace.identifier == f"run-{parent.pk}"
    assert (trace.attributes["process"], trace.attributes["subject"]) == ("opening", "probe 12")
    last = trace.events[-2]
    assert last.attributes["org:group"] == "hall"
    assert last.attributes["org:role"] == "clerk"
    assert last.attributes["lifecycle:transition"] == "complete"
    assert last.attributes["outcome"] == "done"
    figures = figures_of(log.traces)
    assert (figures["closed"], figures["late"], figures["throughput_days"]["max"]) == (1, 1, 2.0)
    assert figures["by_department"] == {"hall": 1}


def test_one_trace_per_run_of_a_process(parent: Run, tmp_path: Path) -> None:
    start(ONE_TASK, number=13, moment=NOW + timedelta(days=3))
    path = tmp_path / "log.xes"
    export(path, "--format", "xes", "--process", "one-task")
    assert activities(read(path)) == [
        ["one-task/run_started", "one-task/work", "one-task/work", "one-task/run_ended"],
        ["one-task/run_started"],
    ]
    assert figures_of(read(path).traces)["open"] == 1


def test_every_step_of_the_lifecycle_if_asked(parent: Run, tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    export(path, "--format", "xes", "--process", "one-task", "--lifecycle")
    (trace,) = read(path).traces
    steps = [(event.activity, event.attributes["lifecycle:transition"]) for event in trace.events]
    work = [transition for activity, transition in steps if activity == "one-task/work"]
    assert work == ["schedule", "assign", "complete", "schedule", "complete"]
    export(path, "--format", "xes", "--lifecycle")
    assert any("clock" in str(event.attributes) for event in read(path).traces[0].events)


def test_only_cases_since_a_day(parent: Run, tmp_path: Path) -> None:
    start(TWO_BRANCHES, number=14, moment=NOW + timedelta(days=3))
    path = tmp_path / "log.xes"
    day = (NOW + timedelta(days=3)).date().isoformat()
    export(path, "--format", "xes", "--since", day)
    assert activities(read(path)) == [["two-branches/run_started"]]
    export(path, "--format", "xes", "--since", "2100-01-01")
    assert read(path).traces == ()


def test_ocel_has_applications_cases_tasks_and_departments(parent: Run, tmp_path: Path) -> None:
    written: dict[str, Any] = json.loads(export(tmp_path / "log.json", "--format", "ocel"))
    jsonschema.validate(written, json.loads((BESIDE / "ocel-2.0.schema.json").read_text()))
    assert [each["name"] for each in written["objectTypes"]] == ["application", "case", "department", "task"]
    assert {"run_started", "task_opened", "task_claimed", "task_done", "run_ended"} <= {
        each["name"] for each in written["eventTypes"]
    }
    child = Run.objects.get(parent=parent)
    objects = {each["id"]: each for each in written["objects"]}
    assert objects[f"case-{child.pk}"]["relationships"] == [
        {"objectId": f"application-{parent.pk}", "qualifier": "part of"},
        {"objectId": f"case-{parent.pk}", "qualifier": "called by"},
    ]
    assert objects[f"task-{parent.pk}-hand-out-1"]["relationships"] == [
        {"objectId": f"case-{parent.pk}", "qualifier": "step of"},
        {"objectId": "department-hall", "qualifier": "assigned to"},
    ]
    done = [each for each in written["events"] if each["type"] == "task_done"][-1]
    assert done["relationships"] == [
        {"objectId": f"application-{parent.pk}", "qualifier": "belongs to"},
        {"objectId": f"case-{parent.pk}", "qualifier": "happened in"},
        {"objectId": f"task-{parent.pk}-hand-out-1", "qualifier": "about"},
        {"objectId": "department-hall", "qualifier": "responsible"},
    ]
    assert len(written["events"]) == parent.history.count()
    export(tmp_path / "part.json", "--format", "ocel", "--process", "one-task")


def test_nothing_says_who_somebody_is(parent: Run, tmp_path: Path) -> None:
    by = parent.history.exclude(by=None).values_list("by_id", flat=True)[0]
    assert by is not None
    for form in ("xes", "ocel"):
        content = export(tmp_path / "log", "--format", form, *(["--lifecycle"] if form == "xes" else [])).decode()
        for word in ("王小明", "wang", "李四", "answers", "@"):
            assert word not in content
        assert pseudonym(by) in content
    assert pseudonym(by) != pseudonym(by + 1)


def test_a_detail_that_is_not_known_to_be_harmless_stays_inside(parent: Run, tmp_path: Path) -> None:
    row = parent.history.order_by("-seq")[0]
    places = {"root": row.root, "run": row.run, "at": row.at, "kind": "note_added"}
    more = {field.name: getattr(row, field.name) for field in row._meta.fields if field.name.endswith("hash")}
    row.__class__.objects.create(
        **places, **more, seq=row.seq + 1, detail={"node": "hand-out", "text": "李四", "outcome": {"name": "李四"}}
    )
    content = export(tmp_path / "log.xes", "--format", "xes").decode()
    assert "note_added" in content, "a kind of step that is new is told"
    assert "李四" not in content, "its unknown details are not"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--process", "nothing"], "There is no process nothing."),
        (["--since", "soon"], "soon is not a day such as 2026-01-01."),
        (["--output", "/nowhere/log.xes"], "/nowhere/log.xes cannot be written: No such file or directory."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: list[str], sentence: str, tmp_path: Path) -> None:
    err = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("export_log", "--format", "xes", "--output", str(tmp_path / "log.xes"), *words, stderr=err)
    assert ended.value.code == 2
    assert err.getvalue().strip() == sentence
    assert list(tmp_path.iterdir()) == []
