"""A city with its people, processes and catalogue, loaded once for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from tests.factories.city import load_city

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: A Wednesday without holidays near it.
MORNING = datetime(2026, 3, 4, 9, 30, tzinfo=SHANGHAI)


@pytest.fixture(scope="module")
def _loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        load_city(at=MORNING)
    yield
    with django_db_blocker.unblock():
        # Row numbers are not used again: calendars and processes are cached by theirs.
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False)


@pytest.fixture
def city(_loaded: None, db: None) -> None:
    """Let a test begin in the loaded city; what it changes is undone."""
