"""The left rail of every page of this door."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from services.notifications.queries import dead_notices
from workflows.queries.jobs import incidents
from workflows.queries.watch import standing_still


def rail(current: str, *, oversees: bool = True) -> list[dict[str, Any]]:
    """Return the rail's one group; `current` names the page: board, incidents, notices or calendars.

    oversees: whether she may open the other pages; an administrator only keeps the calendars.
    """
    if not oversees:
        return [{"title": _("Administration"), "items": [_calendars(current)]}]
    stuck = standing_still().count() + incidents().count()
    return [
        {
            "title": _("Oversight"),
            "items": [
                {
                    "word": _("Time limits"),
                    "url": reverse("oversight:board"),
                    "icon_name": "speedometer2",
                    "current": current == "board",
                },
                {
                    "word": _("Incidents"),
                    "url": reverse("oversight:incidents"),
                    "icon_name": "exclamation-diamond",
                    "count": stuck,
                    "alert": True,
                    "current": current == "incidents",
                },
                {
                    "word": _("Unsent messages"),
                    "url": reverse("oversight:notices"),
                    "icon_name": "envelope-x",
                    "count": dead_notices().count(),
                    "alert": True,
                    "current": current == "notices",
                },
                _calendars(current),
            ],
        }
    ]


def _calendars(current: str) -> dict[str, Any]:
    return {
        "word": _("Calendars"),
        "url": reverse("oversight:calendars"),
        "icon_name": "calendar3",
        "current": current == "calendars",
    }
