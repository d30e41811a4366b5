"""A module of a door that shows somebody's answers goes through the gate that records who reads.

That whoever sees personal values of somebody else leaves a row is seen in test_authorisation.py, at every address.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.conf import settings

#: What hands out somebody's answers to a page; `record_access` is the gate beside it.
SOURCES_OF_VALUES = frozenset({"answers_of_case", "answers_of_application"})


@pytest.mark.parametrize("door", ["counter", "desk", "oversight", "api"])
def test_a_module_that_shows_answers_goes_through_the_gate(door: str) -> None:
    silent = []
    for path in sorted((Path(settings.ROOT) / "portal" / door).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        names = {
            name.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) for name in node.names
        }
        if names & SOURCES_OF_VALUES and "record_access" not in names:
            silent.append(str(path))
    assert silent == []
