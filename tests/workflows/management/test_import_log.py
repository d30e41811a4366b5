"""Taking a log into the analysis store as people do: figures, exit statuses, whole or not at all, once."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django.fixtures import DjangoAssertNumQueries

from tests.factories.clocks import at
from tests.workflows.eventlog.drawn import LOGS
from workflows.eventlog import figures_of, read_log
from workflows.eventlog.sources import open_source
from workflows.eventlog.xes_writer import write_xes
from workflows.models import HistoryEvent, ImportedCase, ImportedEvent, ImportedLog, Run
from workflows.operations.logs import import_log
from workflows.queries.logs import imported_log

ROOT = Path(__file__).resolve().parents[3]
RECEIPT, GOLDEN = LOGS / "receipt_dev.csv", LOGS / "receipt_dev_golden_figures.json"
needs_logs = pytest.mark.skipif(not GOLDEN.exists(), reason=f"the logs are not at {LOGS}: set SHARED_DATA")
SMALL = (
    "case:concept:name,concept:name,time:timestamp,org:resource,case:deadline\n"
    "1,=cmd|' /C calc'!A0,2026-01-01 09:00:00+08:00,R1,2026-02-01\n"
    "1,审核,2026-03-01 09:00:00.5+01:00,R2,2026-02-01\n"
    "2,审核,,,\n"
)


def answer(*words: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("import_log", *words, "--json", stdout=out)
    (line,) = out.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def refusal(path: Path, *words: str) -> str:
    err = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("import_log", str(path), "--json", *words, stderr=err, stdout=io.StringIO())
    assert ended.value.code == 2
    text = err.getvalue().strip()
    assert "\n" not in text
    return text


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text(SMALL, encoding="utf-8")
    return path


@needs_logs
@pytest.mark.django_db
def test_figures_of_a_real_log_are_those_computed_elsewhere() -> None:
    found, golden = answer(str(RECEIPT)), json.loads(GOLDEN.read_text())
    assert {key: found.get(key) for key in golden} == golden
    assert (found["activities"], found["resources"], found["variants"], found["late"]) == (26, 42, 53, 102)
    assert sum(each["count"] for each in found["directly_follows"]) == 2553 - 425
    assert (ImportedCase.objects.count(), ImportedEvent.objects.count()) == (425, 2553)
    assert not Run.objects.exists()
    assert not HistoryEvent.objects.exists(), "an imported log is no live case"


@needs_logs
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "cases", "events"), [("running-example.xes", 6, 42), ("roadtraffic100traces.csv", 100, 390)]
)
def test_logs_without_a_deadline_say_so(name: str, cases: int, events: int) -> None:
    found = answer(str(LOGS / name))
    assert (found["cases"], found["events"]) == (cases, events)
    assert {found[key] for key in ("late", "open", "closed", "closed_after_deadline", "by_department")} == {None}
    assert "No case has case:deadline: nothing is said to be late." in found["notes"]
    assert found["throughput_days"]["max"] > 0


@needs_logs
@pytest.mark.django_db
@pytest.mark.parametrize("name", ["receipt_dev.csv", "running-example.xes", "roadtraffic100traces.csv"])
def test_what_is_stored_gives_the_same_figures_and_so_does_its_export(name: str, tmp_path: Path) -> None:
    done = import_log(path=LOGS / name, at=at("2026-09-29 10:00"))
    assert done.log is not None
    stored = imported_log(done.log)
    expected = {**done.figures, "notes": figures_of(stored.traces)["notes"]}
    assert figures_of(stored.traces) == expected
    path = tmp_path / "again.xes.gz"
    with gzip.open(path, "wb") as out:
        write_xes(out, stored.head, stored.traces)  # type: ignore[arg-type]
    again = import_log(path=path, at=at("2026-09-29 10:00"))
    assert again.created
    assert {**again.figures, "notes": expected["notes"]} == expected


@pytest.mark.django_db
def test_what_is_stored_is_the_log_to_the_offset(small: Path) -> None:
    found = answer(str(small), "--name", "一月")
    log = ImportedLog.objects.get(pk=found["log"])
    assert (log.name, found["stored"], found["file"], log.checksum) == ("一月", True, "small.csv", found["checksum"])
    with open_source(small) as stream:
        read = read_log(stream)
    again = imported_log(log)
    assert [trace.events for trace in again.traces] == [trace.events for trace in read.traces]
    assert str(again.traces[0].events[1].at) == "2026-03-01 09:00:00.500000+01:00"
    assert str(again.traces[0].attributes["deadline"]) == "2026-02-01 00:00:00+08:00", "local, where no offset is said"


@pytest.mark.django_db
def test_the_same_file_is_the_same_log(small: Path, tmp_path: Path) -> None:
    first, second = answer(str(small)), answer(str(small))
    renamed = tmp_path / "other.csv"
    renamed.write_bytes(small.read_bytes())
    third = answer(str(renamed))
    assert (first["stored"], second["stored"], third["stored"]) == (True, False, False)
    assert first["log"] == second["log"] == third["log"]
    assert {**first, "stored": False} == second
    assert ImportedEvent.objects.count() == 3
    other = answer(str(small), "--group-column", "org:resource")
    assert other["stored"]
    assert other["checksum"] != first["checksum"], "read another way, it is another log"


@pytest.mark.django_db
def test_rows_are_written_in_batches(small: Path, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    rows = "".join(f"{number},a,2026-01-01,,\n" for number in range(3, 400))
    small.write_text(SMALL + rows, encoding="utf-8")
    with django_assert_num_queries(8):  # savepoints and the log: 6, cases and events: 2
        import_log(path=small, at=at("2026-09-29 10:00"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (SMALL + "3,a,never,,\n4,,,,\n", "line 5: time:timestamp is 'never', which is not an instant such as "
                                         "2026-09-29 10:00:00+08:00; line 6: concept:name is empty."),
        ("<log><trace>\n<event/></trace></log>", "line 2: an event has no concept:name."),
        ("<log>" + '<trace><event><string key="concept:name" value="a"/></event></trace>' * 1_200 + "<trace>",
         "line 1: this is not well-formed XML"),
        ("a,b\n1,2\n", "there is no column"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence_and_leaves_nothing(content: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content, encoding="utf-8")
    assert sentence in refusal(path)
    assert not ImportedLog.objects.exists()
    assert not ImportedCase.objects.exists()


@pytest.mark.django_db
def test_what_is_not_there_or_not_known_is_one_sentence(tmp_path: Path, small: Path) -> None:
    assert "the file cannot be read: No such file" in refusal(tmp_path / "nothing.csv")
    assert "the file cannot be read: Is a directory" in refusal(tmp_path)
    assert "the zone Mars/Base is not known" in refusal(small, "--zone", "Mars/Base")
    for option in ("--time-column", "--resource-column", "--deadline-column", "--start-column", "--channel-column"):
        assert f"no column 'due' (name another with {option})" in refusal(small, option, "due")


@pytest.mark.django_db
def test_columns_may_be_named(small: Path) -> None:
    small.write_text(
        "id;step;when;who;due;done\n7;a;2026-01-01;R1;2026-01-05;2026-01-09\n8;a;2026-01-01;R1;2026-01-05;\n"
    )
    words = "--case-column id --activity-column step --time-column when --resource-column who --deadline-column due"
    found = answer(str(small), *words.split(), "--end-column", "done")
    assert (found["cases"], found["resources"], found["closed"], found["open"], found["late"]) == (2, 1, 1, 1, 1)
    assert found["throughput"]["from"] == "first event"


@pytest.mark.django_db
def test_a_zone_is_for_instants_without_an_offset(small: Path) -> None:
    small.write_text("case:concept:name,concept:name,time:timestamp\n1,a,2026-01-31 20:00\n")
    assert answer(str(small))["started_by_month_asia_shanghai"] == {"2026-01": 1}
    assert answer(str(small), "--zone", "Europe/Amsterdam")["started_by_month_asia_shanghai"] == {"2026-02": 1}


@pytest.mark.django_db
def test_people_get_a_summary(small: Path) -> None:
    small.write_text(SMALL.replace("=cmd", "\x1b[2J"), encoding="utf-8")
    out = io.StringIO()
    call_command("import_log", str(small), stdout=out)
    text = out.getvalue()
    assert "2 cases, 3 events, 2 activities, 2 resources, 2 variants\n1 late by their deadline\n" in text
    assert "2  审核" in text
    assert "\x1b" not in text
    assert "No case has case:enddate" in text


def test_a_dry_run_needs_no_server(small: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
        "REDIS_URL": "redis://127.0.0.1:1",
        "VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "portal.settings.test",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "import_log", str(small), "--json", "--dry-run"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["cases"], found["log"], found["stored"]) == (2, None, False)
