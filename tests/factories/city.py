"""The demo city for tests: made once a process and day, and from then on copied."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from portal.demo import city
from tests.factories.copying import made_once


def load_city(*, at: datetime) -> None:
    """Load the city as `portal.demo.city.load_city` does, or copy what it made for another test on the same day."""
    made_once(("city", at.date()), partial(city.load_city, at=at))
