"""A city with its people, processes and catalogue, and a person who goes through an application."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from portal.demo.city import load_city

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: A Wednesday without holidays near it.
MORNING = datetime(2026, 3, 4, 9, 30, tzinfo=SHANGHAI)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def city(db: None) -> None:
    """Load departments, people, calendar, processes and catalogue."""
    load_city(at=MORNING)
