"""Who is named while nothing is hers to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from portal.applicant.turn import working_now
from services.parties.models import Department


def test_who_has_the_ball_is_named_once_and_steps_outside_the_lanes_too() -> None:
    window = Department(code="ZWB", name_zh="大厅", name_en="Hall")
    check = SimpleNamespace(role="clerk", department="ZWB", name_zh="核对执照", name_en="Check the licence")
    hers = SimpleNamespace(role="applicant", department="", name_zh="就绪", name_en="Ready")
    timeline: Any = SimpleNamespace(own_tasks=[check, hers])
    lanes: list[dict[str, Any]] = [
        {"ball": {"who": "消防", "mine": False}},
        {"ball": {"who": "消防", "mine": False}},
        {"ball": {"who": "您", "mine": True}},
        {"ball": {}},
    ]
    named = working_now(timeline, lanes, {"ZWB": window})
    assert len(named) == 2
    assert "核对执照" in named[0]
    assert "大厅" in named[0]
    assert named[1] == "消防"
