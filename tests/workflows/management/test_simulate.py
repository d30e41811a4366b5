"""`manage.py simulate`: what history did happens again, what a draft changes is shown, and nothing is written."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import OperationalError, connection

from tests.factories.accounts import UserFactory
from tests.factories.clocks import at
from tests.factories.processes import (
    bpmn,
    call,
    catch,
    exclusive,
    graph,
    parallel,
    service_task,
    user_task,
)
from tests.factories.runs import publish, start, task
from workflows.actions import ActionContext, ActionResult, _registry, register
from workflows.clocks import national_calendar
from workflows.engine.graph import Trigger
from workflows.management.commands import simulate as command
from workflows.models import Job, Run
from workflows.operations.definitions import save_draft
from workflows.operations.jobs import run_job
from workflows.operations.messages import deliver_messages, send_message
from workflows.operations.runs import cancel_run
from workflows.operations.tasks import claim_task, complete_task, return_task
from workflows.queries.simulation import draft_graph, recorded_cases
from workflows.simulation import Recording, Scenario, TimeAxis, simulate
from workflows.simulation.arrivals import replayed

PROCESSES = Path(__file__).resolve().parents[3] / "services" / "catalogue" / "data" / "processes"
AXIS = TimeAxis(national_calendar())
CHILD = graph(
    (
        user_task("intake"),
        user_task("check", outcomes=("agree", "refuse"), returns=("check>intake",)),
        catch("paid", Trigger.MESSAGE, "paid"),
        service_task("issue"),
    ),
    "start > intake > check > paid > issue > end",
    "check > intake",
    key="review",
)
PARENT = graph(
    (
        parallel("split"), parallel("join"), call("food", called="review"), call("sign", called="review"),
        user_task("hand_out", department="ZWB", role="clerk"),
    ),
    "start > split > food > join > hand_out > end",
    "split > sign > join",
    key="opening",
)  # fmt: skip


@pytest.fixture
def _acts() -> Iterator[None]:
    @register("probe.act")
    def act(context: ActionContext) -> ActionResult:
        return ActionResult(outcome="fine", data={"found": 7})

    yield
    _registry.pop("probe.act", None)


def lived(number: int, hours: int, *, withdrawn: bool = False) -> Run:
    """Carry out one case at odd hours, `hours` slower than the first; one of its two branches may be withdrawn."""
    begins = at("2026-09-28 10:00") + timedelta(hours=hours)
    clerk = UserFactory.create()
    run = start(PARENT, number=number, moment=begins, data={"answers": {"n": number}})
    now = begins
    for child in Run.objects.filter(parent=run).order_by("-pk"):
        now += timedelta(hours=hours + 1, seconds=7)
        complete_task(task_id=task(child, "intake").pk, outcome="", by=clerk, at=now)
        now += timedelta(hours=9)
        claim_task(task_id=task(child, "check").pk, by=clerk, at=now)
        now += timedelta(hours=30)
        return_task(task_id=task(child, "check").pk, to_node="intake", by=clerk, at=now)
        now += timedelta(minutes=41)
        if withdrawn and child.parent_node == "food":
            cancel_run(run_id=child.pk, outcome="withdrawn", by=clerk, at=now)
            continue
        complete_task(task_id=task(child, "intake", 2).pk, outcome="", by=clerk, at=now)
        now += timedelta(days=3)
        complete_task(task_id=task(child, "check", 2).pk, outcome="agree", by=clerk, at=now)
        now += timedelta(hours=13)
        send_message(name="paid", at=now)
        deliver_messages(at=now)
        now += timedelta(seconds=33)
        assert run_job(job_id=Job.objects.get(run=child).pk, at=now)
    now += timedelta(hours=5)
    complete_task(task_id=task(run, "hand_out").pk, outcome="", by=clerk, at=now)
    run.refresh_from_db()
    assert run.ended_at == now
    return run


@pytest.fixture
def history(db: None, _acts: None) -> list[Run]:
    publish(CHILD)
    return [lived(1, 0), lived(2, 3), lived(3, 11, withdrawn=True), lived(4, 20)]


def answer(*words: str) -> dict[str, Any]:
    return json.loads(told(*words, "--json"))


def told(*words: str) -> str:
    out = io.StringIO()
    call_command("simulate", *words, stdout=out)
    return out.getvalue()


def refused(*words: str) -> str:
    err = io.StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("simulate", *words, stderr=err)
    assert stopped.value.code == 2
    return err.getvalue()


def test_a_replay_takes_as_long_as_history_did_to_the_second(history: list[Run]) -> None:
    recordings = recorded_cases(process="opening", axis=AXIS, newest=100)
    graphs = {"review": CHILD}
    outcome = simulate(
        Scenario(graph=PARENT, axis=AXIS, cases=replayed(recordings), history=recordings, called=graphs.get)
    )
    ended = {course.name: course.ended for course in outcome.courses}
    assert ended == {f"run-{run.pk}": AXIS.second(run.ended_at) for run in history if run.ended_at}
    assert [course.stuck for course in outcome.courses] == [""] * 4
    withdrawn = outcome.courses[2]
    assert "food=withdrawn" in withdrawn.path
    assert "sign/check=returned:intake" in withdrawn.path
    # Every row of a task closes at the second at which its visit does.
    for run, course in zip(history, outcome.courses, strict=True):
        rows = {
            (row.node, AXIS.second(row.opened_at), AXIS.second(row.closed_at))
            for row in run.all_tasks.all()
            if row.closed_at
        }
        assert rows == {(one.node.id, one.opened, one.closed) for one in course.visits if one.role}


def test_what_is_recorded_says_what_happened_and_by_whom_it_was_ended(history: list[Run]) -> None:
    parent, *_ = recorded_cases(process="opening", axis=AXIS, newest=100)
    (sign,) = parent.called["sign"]
    assert isinstance(sign, Recording)
    assert [step.outcome for step in sign.steps["check"]] == ["returned:intake", "agree"]
    assert sign.learned == {"found": 7}
    assert (sign.data, parent.data) == ({"answers": {"n": 1}}, {"answers": {"n": 1}})
    assert sign.steps["issue"][0].seconds == 33
    check = sign.steps["check"][0]
    assert check.handled < check.seconds
    children = recorded_cases(process="review", axis=AXIS, newest=100)
    assert [one.ended_from_outside is not None for one in children].count(True) == 1
    assert len(recorded_cases(process="review", axis=AXIS, newest=3)) == 3
    assert recorded_cases(process="unheard-of", axis=AXIS, newest=3) == ()


def rows() -> dict[str, int]:
    """Return how many rows each table of the database has; other tests define models that have none."""
    tables = set(connection.introspection.table_names())
    models = [model for model in apps.get_models() if model._meta.db_table in tables]
    return {model._meta.label: model._default_manager.count() for model in models}


def test_the_draft_is_compared_with_what_is_published_over_the_same_cases(history: list[Run]) -> None:
    shorter = graph(
        (user_task("check", outcomes=("agree", "no")), catch("paid", Trigger.MESSAGE, "paid"), service_task("issue")),
        "start > check > paid > issue > end",
        key="review",
    )  # fmt: skip
    save_draft(source=bpmn(shorter), at=at("2026-11-02 09:00"))
    assert draft_graph("review") is not None
    before = rows()
    found = answer("review", "--draft", "--from-history")
    assert rows() == before, "simulating writes nothing"
    assert (found["process"], found["source"], found["cases"], found["from_history"]) == ("review", "draft", 8, 8)
    against = found["against"]
    assert (against["source"], against["ended"]) == ("published", 8)
    change = against["differences"]
    assert change["changed_cases"] == 8
    assert change["total"]["p50_by"] < 0
    assert change["steps"]["intake"]["p50_after"] is None
    (load,) = change["load"]
    assert (load["department"], load["tasks_after"] < load["tasks_before"]) == ("SCJG", True)
    # The same again, and nothing but the same against itself.
    assert answer("review", "--draft", "--from-history") == found
    same = answer("review", "--from-history", "--against", "published")["against"]["differences"]
    assert (same["changed_cases"], same["total"]["p90_by"]) == (0, 0)


def test_made_up_cases_are_like_those_of_history(history: list[Run]) -> None:
    found = answer("review", "--from-history", "--cases", "300", "--start", "2026-03-02")
    assert (found["cases"], found["from_history"]) == (300, 8)
    steps = {step["step"]: step for step in found["steps"]}
    assert steps["issue"]["days"]["p90"] == 0
    assert 0 < steps["check"]["count"] <= 2 * 300 * 3
    assert any("check=returned:intake" in variant["path"] for variant in found["variants"])
    assert answer("opening", "--from-history", "2")["cases"] == 2


def test_a_file_is_simulated_with_assumptions(db: None, tmp_path: Path) -> None:
    file, stated = tmp_path / "one.bpmn", tmp_path / "stated.yaml"
    drawn = graph(
        (user_task("work", department="$office", outcomes=("ok", "again")), exclusive("done", "done>end")),
        "start > work > done > end",
        "done > work",
        conditions={"done>work": "outcome.work == 'again'"},
        key="one",
    )
    file.write_bytes(bpmn(drawn))
    stated.write_text("steps: {work: {minutes: 60, outcomes: {ok: 1}}}\nstaff: {SCJG: 2}\narrivals: 7\n")
    words = (str(file), "--cases", "200", "--assumptions", str(stated), "--data", '{"office": "SCJG"}')
    found = answer(*words)
    assert "against" not in found
    assert found["total"]["p50"] == pytest.approx(1 / 7, abs=0.05)
    assert found["load"][0]["utilisation"] == pytest.approx(0.5, abs=0.1)
    assert found["load"][0]["people"] == 2
    assert found["variants"][0] == {**found["variants"][0], "path": ["work=ok"], "cases": 200}
    text = told(*words)
    assert "Working days in total: P50 " in text
    assert "SCJG" in text
    given = tmp_path / "data.json"
    given.write_text('{"office": "ZWB"}')
    assert answer(str(file), "--cases", "3", "--data", str(given))["load"][0]["department"] == "ZWB"
    publish(graph((user_task("work"),), "start > work > end", key="one"))
    assert "Cases that go another way: " in told(str(file), "--cases", "50")
    assert "against" not in answer(str(file), "--cases", "5", "--against", "none")
    assert answer(str(file), "--cases", "5", "--against", str(file))["against"]["differences"]["changed_cases"] == 0


@pytest.mark.parametrize("path", sorted(PROCESSES.glob("*.bpmn")), ids=lambda path: path.stem)
def test_every_shipped_process_runs_without_a_database(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No database is asked: this test has none. Called processes are found beside the file."""

    def gone(*args: Any, **more: Any) -> None:
        raise OperationalError

    for name in ("calendar_for", "published_graph", "recorded_cases"):
        monkeypatch.setattr(command, name, gone)
    found = answer(str(path), "--cases", "20")
    assert (found["cases"], found["ended"], found["stuck"]) == (20, 20, {})
    assert "No database answers" in refused(str(path), "--from-history")
    assert "No database answers" in refused("licence-review")


def test_what_cannot_be_read_is_refused_in_a_sentence(history: list[Run], tmp_path: Path) -> None:
    broken, stated = tmp_path / "broken.bpmn", tmp_path / "stated.json"
    broken.write_text("<definitions")
    assert refused(str(broken))
    assert "cannot be read" in refused(str(tmp_path / "missing.bpmn"))
    assert "no published version of a process unheard-of" in refused("unheard-of")
    assert "no draft of a process review" in refused("review", "--draft")
    assert "A file is not a draft" in refused(str(PROCESSES / "on-the-spot.bpmn"), "--draft")
    assert "1 or more" in refused("review", "--cases", "0")
    assert "1 or more" in refused("review", "--from-history", "-1")
    assert "not a day" in refused("review", "--start", "soon")
    assert "not 1800" in refused("review", "--start", "1800-01-01")
    assert "neither JSON" in refused("review", "--data", "{no")
    assert "no JSON object" in refused("review", "--data", str(_written(tmp_path, "[]")))
    assert "cannot be read" in refused("review", "--assumptions", str(stated))
    assert "neither JSON nor YAML" in refused("review", "--assumptions", str(_written(tmp_path, "a: [")))
    assert "there is no step elsewhere" in refused(
        "review", "--assumptions", str(_written(tmp_path, "steps: {elsewhere: {}}"))
    )
    assert "arrivals" in refused("review", "--assumptions", str(_written(tmp_path, "staff: {SCJG: 1}")))
    assert "No version of the process on-the-spot" in refused(
        str(PROCESSES / "on-the-spot.bpmn"), "--against", "published"
    )
    publish(graph((user_task("a"),), "start > a > end", key="new"))
    assert "No case of the process new is closed" in refused("new", "--from-history")


def _written(folder: Path, text: str) -> Path:
    path = folder / "given.json"
    path.write_text(text)
    return path
