"""Where to go in person: halls with the windows that serve the departments of an offer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.catalogue.models import ServiceVersion
from services.parties.models import Hall, Window
from services.parties.queries import halls_serving


@dataclass(frozen=True)
class Place:
    """A hall and its windows where one can ask, file or collect."""

    hall: Hall
    windows: tuple[Window, ...]


def places_for(services: Iterable[ServiceVersion]) -> list[Place]:
    """Return the halls with a window for a department of these services; three queries."""
    departments = {service.item.department_id for service in services}
    return [Place(hall, windows) for hall, windows in halls_serving(departments)]
