"""What a city needs before the first application: people, calendar, rules, processes, catalogue. Twice is once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import yaml
from django.conf import settings

from services.catalogue.operations import load_catalogue
from services.catalogue.queries import SHIPPED_FOLDER
from services.parties.operations import load_people
from services.supervision.operations.rules import load_rules, shipped_rules
from workflows.operations.calendars import load_national_calendar
from workflows.operations.definitions import publish_process

PEOPLE_FILE = Path(__file__).parent / "people.yaml"
#: Posts are held since well before the oldest seeded case.
IN_OFFICE_SINCE = timedelta(days=150)


def load_city(*, at: datetime) -> None:
    """Load departments and demo people, the region's calendar, the shipped rules, processes and catalogue."""
    people = yaml.safe_load(PEOPLE_FILE.read_text(encoding="utf-8"))
    load_people(people=people, at=at - IN_OFFICE_SINCE)
    load_national_calendar(region=settings.REGION, at=at)
    load_rules(rules=shipped_rules(), at=at)
    for file in sorted((SHIPPED_FOLDER / "processes").glob("*.bpmn")):
        publish_process(source=file.read_bytes(), at=at)
    load_catalogue(folder=SHIPPED_FOLDER, at=at)
