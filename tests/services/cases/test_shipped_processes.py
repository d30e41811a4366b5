"""The shipped processes are proven against the demo city: nothing gets stuck, somebody holds every post."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command

from services.catalogue.queries import SHIPPED_FOLDER
from workflows.staffing import known_posts

pytestmark = pytest.mark.usefixtures("city")
FILES = sorted((SHIPPED_FOLDER / "processes").glob("*.bpmn"))


def test_every_shipped_process_is_sound_and_staffed() -> None:
    assert known_posts() is not None
    said = StringIO()
    call_command("check_process", *map(str, FILES), "--json", stdout=said)
    answers = [json.loads(line) for line in said.getvalue().splitlines()]
    assert len(answers) == len(FILES)
    assert [(one["process"], one["problems"]) for one in answers if one["verdict"] != "sound"] == []
