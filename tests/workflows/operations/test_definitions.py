"""Draft, check, publish, retire: what is published never changes, and only what is sound and staffed is."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from tests.factories.accounts import UserFactory
from tests.factories.processes import bpmn, exclusive, graph, user_task
from tests.factories.runs import NOW, ONE_TASK, at_once, publish, start, task
from workflows.bpmn.parse import BpmnError
from workflows.engine.graph import Graph, Loop
from workflows.enums import DefinitionState, RunState
from workflows.models import ProcessDefinition, Run
from workflows.operations.definitions import (
    NoDraftError,
    UnsoundProcessError,
    check_graph,
    publish_draft,
    publish_process,
    retire_process,
    save_draft,
)
from workflows.operations.runs import start_run
from workflows.operations.tasks import complete_task
from workflows.queries.definitions import UnknownProcessError, graph_of
from workflows.staffing import Posts

pytestmark = pytest.mark.django_db
UNSOUND = graph([user_task("a"), user_task("b")], "start > a > end", "b > end", key="one-task")
OTHER = graph([user_task("other")], "start > other > end", key="one-task")


def states() -> list[tuple[int | None, str]]:
    return list(ProcessDefinition.objects.order_by("id").values_list("version", "state"))


# --- drafts


def test_a_draft_may_be_unsound_and_is_replaced_by_the_next() -> None:
    first = save_draft(source=bpmn(UNSOUND), at=NOW)
    again = save_draft(source=bpmn(ONE_TASK), at=NOW)
    assert (again.pk, again.state, again.version, again.published_at) == (first.pk, DefinitionState.DRAFT, None, None)
    assert again.source.encode() == bpmn(ONE_TASK)
    with pytest.raises(BpmnError):
        save_draft(source=b"<definitions/>", at=NOW)
    assert states() == [(None, "draft")]


def test_nobody_starts_a_draft() -> None:
    save_draft(source=bpmn(ONE_TASK), at=NOW)
    with pytest.raises(UnknownProcessError):
        start_run(process_key="one-task", subject_kind="probe", subject_id="1", data={}, by=None, at=NOW)


def test_a_published_draft_is_the_next_version_and_no_draft_any_more() -> None:
    publish(OTHER)
    draft = save_draft(source=bpmn(ONE_TASK), at=NOW)
    assert states() == [(1, "published"), (None, "draft")]
    published = publish_draft(key="one-task", at=NOW + timedelta(days=1))
    assert (published.version, published.checksum) == (2, draft.checksum)
    assert published.checksum == hashlib.sha256(bpmn(ONE_TASK)).hexdigest()
    assert states() == [(1, "retired"), (2, "published")]
    with pytest.raises(NoDraftError):
        publish_draft(key="one-task", at=NOW)


def test_a_draft_equal_to_what_is_published_adds_no_version_and_goes() -> None:
    first = publish(ONE_TASK)
    save_draft(source=bpmn(ONE_TASK), at=NOW)
    assert publish_draft(key="one-task", at=NOW + timedelta(days=1)) == first
    assert states() == [(1, "published")]


def test_a_file_published_again_leaves_a_designers_draft_alone() -> None:
    publish(ONE_TASK)
    save_draft(source=bpmn(OTHER), at=NOW)
    publish(ONE_TASK)
    assert states() == [(1, "published"), (None, "draft")]


def test_an_unsound_draft_stays_a_draft() -> None:
    publish(ONE_TASK)
    save_draft(source=bpmn(UNSOUND), at=NOW)
    with pytest.raises(UnsoundProcessError, match="dead_element"):
        publish_draft(key="one-task", at=NOW)
    assert states() == [(1, "published"), (None, "draft")]


# --- what is published


@pytest.mark.parametrize("change", [{"source": "x"}, {"checksum": "x"}, {"version": 9}, {"name_zh": "x"}, {"key": "x"}])
def test_the_database_keeps_a_published_version_as_it_is(change: dict[str, object]) -> None:
    definition = ProcessDefinition.objects.filter(pk=publish(ONE_TASK).pk)
    with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
        definition.update(**change)
    retire_process(key="one-task")
    for act in (partial(definition.update, **change), definition.delete):
        with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
            act()
    with pytest.raises(IntegrityError), transaction.atomic():
        definition.update(state=DefinitionState.DRAFT, version=None, published_at=None)
    assert definition.get().state == DefinitionState.RETIRED


def test_running_cases_stay_with_their_version_whatever_is_published_or_retired() -> None:
    run = start(ONE_TASK)
    publish(OTHER)
    retire_process(key="one-task")
    with pytest.raises(UnknownProcessError):
        start_run(process_key="one-task", subject_kind="probe", subject_id="2", data={}, by=None, at=NOW)
    user = UserFactory.create()
    complete_task(task_id=task(run, "work").pk, outcome="again", by=user, at=NOW)
    complete_task(task_id=task(run, "work", 2).pk, outcome="ok", by=user, at=NOW)
    run = Run.objects.select_related("definition").get(pk=run.pk)
    assert (run.state, run.definition.version) == (RunState.ENDED, 1)


@pytest.mark.django_db(transaction=True)
def test_publishers_at_once_publish_one_after_the_other() -> None:
    same = at_once(*[partial(publish_process, source=bpmn(ONE_TASK), at=NOW)] * 6)
    assert {getattr(one, "version", one) for one in same} == {1}
    several = at_once(*(partial(publish_process, source=bpmn(drawn), at=NOW) for drawn in (OTHER, ONE_TASK) * 3))
    assert all(isinstance(one, ProcessDefinition) for one in several), several
    versions = list(ProcessDefinition.objects.order_by("version").values_list("version", "state"))
    assert versions == [(number, "retired") for number in range(1, len(versions))] + [(len(versions), "published")]


@pytest.mark.django_db(transaction=True)
def test_a_draft_published_by_two_at_once_is_one_version() -> None:
    publish(OTHER)
    save_draft(source=bpmn(ONE_TASK), at=NOW)
    found = at_once(*[partial(publish_draft, key="one-task", at=NOW)] * 4)
    assert sorted(type(one).__name__ for one in found) == ["NoDraftError"] * 3 + ["ProcessDefinition"]
    assert states() == [(1, "retired"), (2, "published")]


# --- files in other encodings


@pytest.mark.parametrize(("encoding", "codec"), [("UTF-16", "utf-16"), ("GB18030", "gb18030")])
def test_a_file_in_another_encoding_is_kept_as_utf_8(encoding: str, codec: str) -> None:
    drawn = graph([user_task("work", name_zh="受理申请")], "start > work > end", key="encoded")
    source = f'<?xml version="1.0" encoding="{encoding}"?>\n{bpmn(drawn).decode()}'.encode(codec)
    save_draft(source=source, at=NOW)
    definition = publish_draft(key="encoded", at=NOW)
    definition.refresh_from_db()
    assert graph_of(definition.pk).nodes["work"].name_zh == "受理申请"
    assert "UTF-8" in definition.source.splitlines()[0]
    assert definition.checksum == hashlib.sha256(definition.source.encode()).hexdigest()
    assert publish_process(source=source, at=NOW) == definition
    assert task(start(drawn), "work").name_zh == "受理申请"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_file_in_utf_8_is_kept_byte_for_byte(mark: bytes) -> None:
    source = mark + b'<?xml version="1.0" encoding="UTF-8"?>\r\n<!-- \xe5\x8f\x97\xe7\x90\x86 -->' + bpmn(ONE_TASK)
    definition = publish_process(source=source, at=NOW)
    definition.refresh_from_db()
    assert definition.source.encode() == source


# --- checks


POSTS = Posts(departments=frozenset({"SCJG", "XF"}), held=frozenset({("SCJG", "handler"), ("XF", "chief")}))


def _staffed(department: str, role: str) -> list[str]:
    drawn = graph([user_task("work", department=department, role=role)], "start > work > end")
    return [problem.message for problem in check_graph(drawn, posts=POSTS).problems if problem.kind == "unstaffed"]


def test_a_task_that_nobody_would_see_is_named() -> None:
    assert _staffed("SCJG", "handler") == []
    assert _staffed("$reviewer", "chief") == []
    assert _staffed("", "applicant") == []
    assert _staffed("XF", "handler") == ["Nobody would see this task: nobody holds the role handler at XF."]
    assert _staffed("CG", "handler") == ["Nobody would see this task: there is no department CG."]
    assert _staffed("$reviewer", "clerk") == ["Nobody would see this task: nobody holds the role clerk anywhere."]


def test_without_posts_nobody_asks_who_holds_them() -> None:
    assert not check_graph(graph([user_task("work", department="?")], "start > work > end")).problems


def _looping(loop: Loop) -> Graph:
    return graph([user_task("ask", department="SCJG", loop=loop)], "start > ask > end")


@pytest.mark.parametrize(
    ("loop", "unknown"),
    [
        (Loop(kind="parallel", cardinality="3", completion="instances.done >= 2"), ""),
        (Loop(kind="parallel", cardinality="3", completion="'no' in outcomes.ask"), ""),
        (Loop(kind="standard", condition="outcome.ask == 'again'", maximum=3), ""),
        (Loop(kind="parallel", cardinality="3", completion="outcome.nobody == 'a'"), "outcome.nobody"),
        (Loop(kind="standard", condition="outcome.nobody == 'a'", maximum=3), "outcome.nobody"),
        (Loop(kind="parallel", cardinality="3", completion="instances.done >="), "ask"),
    ],
)
def test_completion_conditions_read_only_what_something_provides(loop: Loop, unknown: str) -> None:
    problems = [one for one in check_graph(_looping(loop)).problems if one.kind == "unknown_field"]
    assert [one.elements for one in problems] == ([("ask",)] if unknown else [])
    assert all(unknown in one.message or unknown in one.elements for one in problems)


def test_fields_that_the_cases_bring_are_known() -> None:
    nodes = (exclusive("x", "x>end"), user_task("more"))
    drawn = graph(nodes, "start > x > more > end", "x > end", conditions={"x>more": "floor_area > 300.0"})
    assert [one.kind for one in check_graph(drawn).problems] == ["unknown_field"]
    assert not check_graph(drawn, given=frozenset({"floor_area"})).problems
