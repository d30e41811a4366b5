"""The command as people run it: another process, no server, exit statuses and one clear sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[3]


def answer(*words: str) -> Any:
    out = StringIO()
    call_command("explain_deadline", *words, "--json", stdout=out)
    return json.loads(out.getvalue())


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    err = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("explain_deadline", *words, stderr=err)
    assert ended.value.code == 2
    text = err.getvalue().strip()
    assert "\n" not in text
    return text


def test_it_needs_no_server(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
        "REDIS_URL": "redis://127.0.0.1:1",
        "VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "portal.settings.test",
    }
    command = [sys.executable, "manage.py", "explain_deadline", "--received", "2025-01-24", "--limit", "3"]
    done = subprocess.run(
        [*command, "--unit", "working_days", "--lang", "en", "--json"], cwd=ROOT, env=environment, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "due_on": "2025-02-05",
        "due_at": "2025-02-05T17:00:00+08:00",
        "provisional": False,
        "lines": [
            "Started Fri 24 Jan 2025: that is day 0 and does not count",
            "Limit: 3 working days",
            "Day 1 is Sun 26 Jan 2025",
            "Sun 26 Jan 2025 is a make-up working day and counts",
            "28 Jan – 4 Feb 2025: Chinese New Year's Eve, Spring Festival, not counted",
            "Weekends not counted: Sat 25 Jan 2025",
            "Due Wed 5 Feb 2025 (day 3) at 17:00, close of business",
        ],
    }


def test_pauses_are_inclusive_and_repeatable() -> None:
    plain = answer("--received", "2026-11-02", "--limit", "5")
    paused = answer(
        "--received",
        "2026-11-02",
        "--limit",
        "5",
        "--pause",
        "2026-11-04..2026-11-06",
        "--pause",
        "2026-11-10..2026-11-10",
    )
    assert (plain["due_on"], paused["due_on"]) == ("2026-11-09", "2026-11-13")


@pytest.mark.parametrize(
    ("received", "limit", "unit", "due_at"),
    [
        ("2026-11-02T18:00", "0", "working_days", "2026-11-03T17:00:00+08:00"),
        ("2026-11-02", "0", "working_days", "2026-11-02T17:00:00+08:00"),
        ("2026-11-02T16:00", "2", "working_hours", "2026-11-03T10:00:00+08:00"),
        ("2026-11-02T10:00:00Z", "0", "working_days", "2026-11-03T17:00:00+08:00"),
        ("2026-09-01", "30", "calendar_days", "2026-10-08T17:00:00+08:00"),
        ("2090-01-02", "1", "calendar_days", "2090-01-03T17:00:00+08:00"),
    ],
)
def test_instants_and_units(received: str, limit: str, unit: str, due_at: str) -> None:
    assert answer("--received", received, "--limit", limit, "--unit", unit)["due_at"] == due_at


def test_text_is_chinese_unless_asked_otherwise() -> None:
    out = StringIO()
    call_command("explain_deadline", "--received", "2026-11-02", "--limit", "1", stdout=out)
    assert out.getvalue().splitlines()[0].startswith("起算")
    assert answer("--received", "2026-11-02", "--limit", "1", "--lang", "zh_Hans")["lines"][0].startswith("起算")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--limit", "3"], "Give --received and --limit"),
        (["--received", "2026-11-02"], "Give --received and --limit"),
        (["--received", "2026-02-30", "--limit", "3"], "2026-02-30 is not a date"),
        (["--received", "yesterday", "--limit", "3"], "yesterday is not a date"),
        (["--received", "2026-11-02", "--limit", "-3"], "not a whole number"),
        (["--received", "2026-11-02", "--limit", "1.5"], "not a whole number"),
        (["--received", "2026-11-02", "--limit", "9" * 5000], "too long"),
        (["--received", "2026-11-02", "--limit", "3", "--unit", "weeks"], "unit weeks is not known"),
        (["--received", "2026-11-02", "--limit", "3", "--lang", "fr"], "--lang fr is not known"),
        (["--received", "2026-11-02", "--limit", "3", "--pause", "2026-11-03"], "is not a pause"),
        (["--received", "2026-11-02", "--limit", "3", "--pause", "x..y"], "is not a pause"),
        (["--received", "2026-11-02", "--limit", "3", "--pause", "2026-11-05..2026-11-04"], "before it begins"),
        (["--received", "2026-11-02", "--limit", "3", "--pause", "2026-11-03..2999-01-01"], "calendar"),
        (["--received", "1949-10-01", "--limit", "3"], "calendar covers 1990"),
        (["--received", "2026-11-02", "--limit", "90000"], "after 2100"),
        (["--batch", "rows.csv", "--received", "2026-11-02"], "not both"),
        (["--batch", "/nowhere/rows.csv"], "cannot be read"),
    ],
)
def test_what_cannot_be_understood_is_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in refusal(capsys, *words)


def batch(path: Path) -> tuple[list[Any], int]:
    out, status = StringIO(), 0
    try:
        call_command("explain_deadline", "--batch", str(path), stdout=out)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return [json.loads(line) for line in out.getvalue().splitlines()], status


def test_a_batch_answers_each_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("﻿unit,received,limit\nworking_days,2025-01-24,3\ncalendar_days,2026-09-01,30\n", encoding="utf-8")
    lines, status = batch(path)
    assert status == 0
    assert [(line["row"], line["received"], line["limit"], line["due_on"]) for line in lines] == [
        (1, "2025-01-24", 3, "2025-02-05"),
        (2, "2026-09-01", 30, "2026-10-08"),
    ]
    assert all({"due_at", "provisional", "lines", "unit"} <= line.keys() for line in lines)


def test_a_bad_row_stops_no_other_and_the_exit_status_says_so(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("received,limit,unit\n2026-11-02,x,working_days\n2026-11-02\n2026-11-02,1,working_days\n")
    lines, status = batch(path)
    assert status == 1
    assert lines[0] == {"row": 1, "error": "The limit x is not a whole number from 0 up."}
    assert lines[1] == {"row": 2, "error": "The column limit is empty."}
    assert lines[2]["due_on"] == "2026-11-03"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"received,limit\n", "has no column unit"), (b"", "has no column"), (b"\xff\xfe\x00", "not a CSV file")],
)
def test_a_file_that_is_no_batch_is_refused(
    content: bytes, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    assert sentence in refusal(capsys, "--batch", str(path))
