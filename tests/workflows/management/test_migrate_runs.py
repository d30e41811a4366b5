"""The command: three classes told apart, nothing moved unasked, one case's failure stops no other."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.factories.processes import graph, user_task
from tests.factories.runs import publish, start
from tests.factories.version_changes import brought_to_the_end, changed, done, open_tasks, redrawn, rows
from workflows.engine.graph import Span
from workflows.models import Run
from workflows.operations import version_change
from workflows.operations.runs import suspend_run

pytestmark = pytest.mark.django_db

LINE = graph([user_task(key) for key in "abc"], "start > a > b > c > end", key="line")
#: Harmless before `b`, fits behind it, and does not fit whoever is at `c`.
CHANGED = changed(
    LINE,
    b={"limit": Span(amount=3, unit="working_days"), "name_en": "Beta"},
    c={"department": "XF", "name_en": "Gamma"},
)


def said(*words: str) -> str:
    out = StringIO()
    call_command("migrate_runs", *words, stdout=out)
    return out.getvalue()


def lines(*words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said(*words, "--json").splitlines()]


@pytest.fixture
def runs() -> list[Run]:
    """Three runs of version 1, at `a`, `b` and `c`; version 2 is published."""
    found = [start(LINE, number=number) for number in (1, 2, 3)]
    for run in found[1:]:
        done(run, "a")
    done(found[2], "b")
    publish(CHANGED)
    return found


def versions(runs: list[Run]) -> list[int | None]:
    return [Run.objects.get(pk=run.pk).definition.version for run in runs]


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_without_apply_it_only_says_what_would_move(runs: list[Run], words: tuple[str, ...]) -> None:
    before = [rows(run) for run in runs]
    *each, whole = lines("line", *words)
    assert [line["class"] for line in each] == ["automatic", "fast_forward", "refused"]
    assert [line["run"] for line in each] == [run.pk for run in runs]
    assert [line["moved"] for line in each] == [False] * 3
    assert each[1]["reasons"] == [{"element": "b", "message": each[1]["reasons"][0]["message"]}]
    assert each[1]["reasons"][0]["message"].startswith("limit was nothing, is Span")
    message = "c#1 is open, and its department was SCJG, would be XF"
    assert each[2]["reasons"] == [{"element": "c", "message": message}]
    counts = {"automatic": 1, "fast_forward": 1, "refused": 1, "failed": 0}
    assert whole == {"process": "line", "to": 2, "applied": False, "moved": 0, **counts}
    assert [rows(run) for run in runs] == before


def test_apply_moves_the_harmless_and_with_fast_forward_what_fits(runs: list[Run]) -> None:
    assert said("line", "--apply").endswith(
        "line to version 2: 1 automatic, 1 fast_forward, 1 refused, 0 failed; moved 1.\n"
    )
    assert versions(runs) == [2, 1, 1]
    assert [line.get("moved") for line in lines("line", "--apply", "--fast-forward")] == [True, False, 1]
    assert versions(runs) == [2, 2, 1]
    assert [line.get("moved") for line in lines("line", "--apply", "--fast-forward")] == [False, 0]
    for run in runs:
        brought_to_the_end(run)
    assert said("line", "--apply") == (
        "line to version 2: 0 automatic, 0 fast_forward, 0 refused, 0 failed; moved 0.\n"
    )


def test_the_report_for_people_names_run_class_and_elements(runs: list[Run]) -> None:
    first, *_, last, end = said("line").splitlines()
    assert first == f"run {runs[0].pk} (probe 1), version 1 to 2: automatic"
    assert last == "  c: c#1 is open, and its department was SCJG, would be XF"
    assert end.endswith("nothing moved (no --apply).")


def test_from_and_to_choose_the_versions(runs: list[Run]) -> None:
    publish(redrawn(CHANGED, user_task("d"), links=["-c > end", "c > d", "d > end"]))
    assert [line.get("to") for line in lines("line", "--to", "2", "--apply")] == [2] * 4
    *each, _ = lines("line", "--from", "2", "--apply", "--fast-forward")
    assert [(line["run"], line["from"], line["to"], line["class"]) for line in each] == [
        (runs[0].pk, 2, 3, "fast_forward")
    ]
    assert versions(runs) == [3, 1, 1]


def test_a_suspended_case_is_looked_at_too(runs: list[Run]) -> None:
    suspend_run(run_id=runs[0].pk, by=None, at=runs[0].started_at)
    assert lines("line", "--apply")[0]["moved"]


def test_one_case_that_fails_is_named_and_stops_no_other(runs: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    real = version_change.plan_migration

    def fails_for_the_first(old: Any, new: Any, run: Run) -> Any:
        if run.pk == runs[0].pk:
            raise RuntimeError("the disk is full of Zhang San")
        return real(old, new, run)

    monkeypatch.setattr(version_change, "plan_migration", fails_for_the_first)
    out = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("migrate_runs", "line", "--apply", "--fast-forward", stdout=out)
    assert out.getvalue().splitlines()[:2] == [
        f"case {runs[0].pk}: failed",
        "  -: RuntimeError: nothing of this case was changed",
    ]
    assert "Zhang" not in out.getvalue()
    assert versions(runs) == [1, 2, 1]
    assert open_tasks(runs[0]) == ["a#1"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nothing",), "There is no published version of the process nothing"),
        (("line", "--to", "7"), "There is no version 7 of the process line"),
        (("line", "--apply", "--dry-run"), "Either --dry-run or --apply"),
        (("line", "--fast-forward"), "look at the dry run first"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(runs: list[Run], words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        said(*words)
    assert versions(runs) == [1, 1, 1]
