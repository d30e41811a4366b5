"""Processes come out of the database as they went in, and can be taken out of service."""

from __future__ import annotations

from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from lxml import etree

from tests.factories.processes import bpmn, graph, user_task
from tests.factories.runs import NOW, ONE_TASK, publish
from workflows.enums import DefinitionState
from workflows.models import ProcessDefinition
from workflows.operations.definitions import save_draft

pytestmark = pytest.mark.django_db
SHIPPED = Path(__file__).parents[3] / "services/catalogue/data/processes/licence-review.bpmn"


def canonical(xml: bytes) -> bytes:
    out = BytesIO()
    etree.parse(BytesIO(xml), None).write_c14n(out)
    return out.getvalue()


def exported(*words: object) -> bytes:
    out = StringIO()
    call_command("export_process", *words, stdout=out)
    return out.getvalue().encode()


def test_a_shipped_process_comes_out_as_it_went_in_drawing_included(tmp_path: Path) -> None:
    call_command("load_processes", SHIPPED.parent, stdout=StringIO())
    assert canonical(exported("licence-review")) == canonical(SHIPPED.read_bytes())
    assert b"BPMNShape" in exported("licence-review")
    call_command("export_process", "licence-review", output=tmp_path / "out.bpmn")
    assert canonical((tmp_path / "out.bpmn").read_bytes()) == canonical(SHIPPED.read_bytes())


def test_older_versions_and_drafts_can_be_had_too() -> None:
    publish(ONE_TASK)
    newer = graph([user_task("other")], "start > other > end", key="one-task")
    publish(newer)
    save_draft(source=bpmn(ONE_TASK), at=NOW)
    assert canonical(exported("one-task")) == canonical(bpmn(newer))
    assert canonical(exported("one-task", "--version-number", 1)) == canonical(bpmn(ONE_TASK))
    assert canonical(exported("one-task", "--draft")) == canonical(bpmn(ONE_TASK))
    with pytest.raises(CommandError, match="There is no such version of the process one-task"):
        exported("one-task", "--version-number", 7)


def test_a_retired_process_starts_no_case() -> None:
    publish(ONE_TASK)
    call_command("retire_process", "one-task", stdout=StringIO())
    assert ProcessDefinition.objects.get().state == DefinitionState.RETIRED
    with pytest.raises(CommandError, match="There is no process nobody"):
        call_command("retire_process", "nobody")
