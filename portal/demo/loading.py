"""`python -m portal.demo.loading`: load the demo city into the database that the environment names."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

import django


def become_portal(environment: dict[str, str] | None = None) -> None:
    """Turn this process into one of the portal's, with the settings and addresses of the environment."""
    os.environ.update(environment or {})
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.demo")
    django.setup()
    logging.disable(logging.INFO)  # the terminal tells the story; the processes keep their own logs


def load() -> None:
    """Load people, calendar, processes and catalogue; what is there already stays."""
    from portal.demo.city import load_city
    from workflows.queries.calendars import database_now

    load_city(at=database_now())


def seed_past(say: Callable[[str], None]) -> int:
    """Fill an empty demo with the past sixty working days; returns how many cases there are. say: hears of progress."""
    from portal.demo.seed import live_through_the_past
    from services.cases.models import Case
    from workflows.queries.calendars import database_now

    return Case.objects.count() or live_through_the_past(until=database_now(), say=say)


if __name__ == "__main__":
    become_portal()
    load()
