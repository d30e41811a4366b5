"""`check_process`: one answer per process, the worst one decides the exit status, and no database is needed."""

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
from django.db import OperationalError

from tests.factories.processes import bpmn, exclusive, file, graph, parallel, user_task
from workflows.engine.graph import Graph
from workflows.management.commands import check_process
from workflows.staffing import Posts

ROOT = Path(__file__).resolve().parents[3]
FOREIGN = ROOT.parent / "shared" / "data" / "bpmn"

SOUND = graph([user_task("work")], "start > work > end", key="sound")
#: Two ways that exclude each other, and a join that waits for both.
STUCK = graph(
    (user_task("ask"), exclusive("x", "x>b"), user_task("a"), user_task("b"), parallel("j")),
    "start > ask > x > a > j > end",
    "x > b > j",
    conditions={"x>a": "outcome.ask == 'a'"},
    key="stuck",
)
UNKNOWN = graph(
    (user_task("ask"), exclusive("x", "x>end"), user_task("more")),
    "start > ask > x > more > end",
    "x > end",
    conditions={"x>more": "outcome.nobody == 'a'"},
    key="unknown",
)


@pytest.fixture(autouse=True)
def _nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_process, "known_posts", lambda: None)


def written(folder: Path, *drawn: Graph) -> list[Path]:
    files = []
    for one in drawn:
        files.append(folder / f"{one.key}.bpmn")
        files[-1].write_bytes(bpmn(one))
    return files


def check(*files: Path, **options: Any) -> tuple[int, str]:
    out, status = StringIO(), 0
    try:
        call_command("check_process", *files, stdout=out, stderr=out, **options)
    except SystemExit as exit:
        status = int(str(exit.code))
    return status, out.getvalue()


def answers(*files: Path, **options: Any) -> tuple[int, list[dict[str, Any]]]:
    status, text = check(*files, json=True, **options)
    return status, [json.loads(line) for line in text.splitlines()]


def test_a_sound_process_is_status_0(tmp_path: Path) -> None:
    status, (answer,) = answers(*written(tmp_path, SOUND))
    assert (status, answer["process"], answer["verdict"], answer["problems"]) == (0, "sound", "sound", [])
    assert answer["states"] > 0
    assert answer["ms"] >= 0
    assert answer.keys() == {"file", "process", "verdict", "problems", "states", "ms"}


def test_a_process_that_can_get_stuck_is_status_1_with_the_way_there(tmp_path: Path) -> None:
    status, (answer,) = answers(*written(tmp_path, STUCK))
    assert (status, answer["verdict"]) == (1, "unsound")
    problem = next(one for one in answer["problems"] if one["kind"] == "deadlock")
    assert problem["elements"]
    assert problem["trace"]
    assert problem["message"]


def test_an_unreadable_file_between_others_is_status_2_and_stops_none(tmp_path: Path) -> None:
    first, last = written(tmp_path, SOUND, STUCK)
    broken, missing = tmp_path / "broken.bpmn", tmp_path / "missing.bpmn"
    broken.write_bytes(b"<definitions")
    status, found = answers(first, broken, missing, last)
    assert status == 2
    assert [(Path(one["file"]).name, one["verdict"]) for one in found] == [
        ("sound.bpmn", "sound"),
        ("broken.bpmn", "invalid"),
        ("missing.bpmn", "invalid"),
        ("stuck.bpmn", "unsound"),
    ]
    assert [one["problems"][0]["kind"] for one in found[1:3]] == ["refused", "refused"]
    assert "cannot be read" in found[2]["problems"][0]["message"]


def test_what_is_no_regular_file_is_named_and_waited_for_by_nobody(tmp_path: Path) -> None:
    (sound,) = written(tmp_path, SOUND)
    pipe, huge = tmp_path / "pipe", tmp_path / "huge"
    os.mkfifo(pipe)
    with huge.open("wb") as opened:
        opened.truncate(3_000_000_000)
    status, found = answers(pipe, Path("/dev/zero"), tmp_path, huge, sound)
    assert status == 2
    assert [one["verdict"] for one in found] == ["invalid"] * 4 + ["sound"]
    messages = [one["problems"][0]["message"] for one in found[:4]]
    assert messages[0] == messages[1] == "cannot be read: it is no regular file"
    assert "directory" in messages[2]
    assert "larger than" in messages[3]


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("too deep"), ValueError("odd")])
def test_whatever_happens_in_one_file_the_others_are_answered(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, stuck = written(tmp_path, SOUND, STUCK)
    read, prove = check_process.read_processes, check_process.check_graph

    def fail_reading(xml: bytes, *, flow_only: bool) -> Any:
        if b'id="stuck"' in xml:
            raise error
        return read(xml, flow_only=flow_only)

    def fail_proving(graph: Graph, *, posts: Posts | None) -> Any:
        if graph.key == "stuck":
            raise error
        return prove(graph, posts=posts)

    with monkeypatch.context() as patch:
        patch.setattr(check_process, "read_processes", fail_reading)
        status, found = answers(stuck, sound)
        assert (status, [one["verdict"] for one in found]) == (2, ["invalid", "sound"])
        assert type(error).__name__ in found[0]["problems"][0]["message"]
    monkeypatch.setattr(check_process, "check_graph", fail_proving)
    status, found = answers(stuck, sound)
    assert (status, [one["verdict"] for one in found]) == (1, ["undecided", "sound"])
    assert type(error).__name__ in found[0]["problems"][0]["message"]


def test_each_answer_is_one_line_whatever_the_names_hold(tmp_path: Path) -> None:
    odd = graph([user_task("work", name_zh="受\u2028理\u0085")], "start > work > end", key="odd")
    file = tmp_path / os.fsdecode(b"odd-\xff.bpmn")
    file.write_bytes(bpmn(odd))
    for name in (file, tmp_path / "not\u2028there"):
        status, text = check(name, json=True)
        assert text.isascii()
        (line,) = text.splitlines()
        assert "\\ud" not in line
    assert "odd-\\xff.bpmn" in json.loads(check(file, json=True)[1])["file"]
    assert check(file)[0] == status - 2


def test_the_flow_alone_asks_nothing_about_fields(tmp_path: Path) -> None:
    files = written(tmp_path, UNKNOWN)
    status, (answer,) = answers(*files)
    assert (status, [one["kind"] for one in answer["problems"]]) == (1, ["unknown_field"])
    status, (answer,) = answers(*files, flow_only=True)
    assert (status, answer["verdict"]) == (0, "sound")


@pytest.mark.parametrize(("asked", "known"), [
    ("outcome.ask == 'a'", True),
    ("outcome.ask == 'typo'", False),
    ("!(answers.x && ('typo' != outcome.ask))", False),
    ("outcome.ask == answers.x", True),
])  # fmt: skip
def test_an_answer_that_a_task_never_gives_is_named(asked: str, known: bool, tmp_path: Path) -> None:
    drawn = graph(
        (user_task("ask", outcomes=("a", "b")), exclusive("x", "x>end"), user_task("more")),
        "start > ask > x > more > end",
        "x > end",
        conditions={"x>more": asked},
        key="typo",
    )
    _, (answer,) = answers(*written(tmp_path, drawn))
    assert [one["kind"] for one in answer["problems"]] == ([] if known else ["unknown_field"])
    if not known:
        assert answer["problems"][0]["message"] == "ask is never answered with “typo”, only with a, b."


def test_every_process_of_a_file_is_answered(tmp_path: Path) -> None:
    both = tmp_path / "both.bpmn"
    bodies = [
        f'<process id="{key}" isExecutable="true"><startEvent id="{key}-s"/><manualTask id="{key}-m"/>{more}'
        f'<endEvent id="{key}-e"/><sequenceFlow id="{key}-1" sourceRef="{key}-s" targetRef="{key}-m"/>'
        f'<sequenceFlow id="{key}-2" sourceRef="{key}-m" targetRef="{key}-e"/></process>'
        for key, more in (("one", ""), ("two", '<transaction id="two-t"/>'))
    ]
    both.write_bytes(file("\n".join(bodies)))
    status, found = answers(both)
    assert status == 1
    assert [(one["process"], one["verdict"]) for one in found] == [("one", "sound"), ("two", "unsupported")]
    assert found[1]["problems"][0]["elements"] == ["two-t"]


def test_posts_that_nobody_holds_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    posts = Posts(departments=frozenset({"XF"}), held=frozenset())
    monkeypatch.setattr(check_process, "known_posts", lambda: posts)
    status, (answer,) = answers(*written(tmp_path, SOUND))
    assert (status, [one["kind"] for one in answer["problems"]]) == (1, ["unstaffed"])
    assert answers(*written(tmp_path, SOUND), flow_only=True)[0] == 0


def test_as_text_each_problem_has_its_lines(tmp_path: Path) -> None:
    status, text = check(*written(tmp_path, SOUND, STUCK))
    lines = text.splitlines()
    assert status == 1
    assert lines[0] == f"{tmp_path / 'sound.bpmn'}: sound: sound"
    assert lines[1] == f"{tmp_path / 'stuck.bpmn'}: stuck: unsound"
    assert any(line.startswith("  deadlock at ") for line in lines)
    assert any(line.startswith("    shortest way there: ") for line in lines)


def test_without_an_answer_from_the_database_it_says_that_posts_are_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError

    monkeypatch.setattr(check_process, "known_posts", refuse)
    status, text = check(*written(tmp_path, SOUND))
    assert status == 0
    assert "No database answers" in text


def test_it_runs_where_no_database_is(tmp_path: Path) -> None:
    sound, stuck = written(tmp_path, SOUND, STUCK)
    command = [sys.executable, "manage.py", "check_process", "--json", str(sound), str(stuck)]
    unreachable = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none"}
    done = subprocess.run(command, cwd=ROOT, env=unreachable, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    assert [json.loads(line)["verdict"] for line in done.stdout.splitlines()] == ["sound", "unsound"]
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not FOREIGN.is_dir(), reason="the vendors' files are not here")
@pytest.mark.parametrize("path", sorted(FOREIGN.glob("*.bpmn")), ids=lambda path: path.stem)
def test_files_of_other_vendors_are_answered_by_their_flow(path: Path) -> None:
    status, found = answers(path, flow_only=True)
    assert found, "each process has an answer"
    assert status in (check_process.SOUND, check_process.NOT_SOUND)
    assert {one["verdict"] for one in found} <= {"sound", "unsound", "unsupported"}
    assert all(one["problems"] for one in found if one["verdict"] != "sound")
