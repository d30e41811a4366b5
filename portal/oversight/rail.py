"""The left rail of every page of this door."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from services.notifications.queries import dead_notices
from services.payments.models import DayDifference
from services.ratings.models import Rating
from services.ratings.queries.ratings import appealed
from services.supervision.enums import OrderState
from services.supervision.models import Card, SupervisionOrder
from services.supervision.queries.cards import APPEALED, cards_in_state
from services.supervision.queries.orders import orders_in_state
from workflows.queries.jobs import incidents
from workflows.queries.watch import standing_still


def rail(current: str, *, oversees: bool = True) -> list[dict[str, Any]]:
    """Return the rail's one group; `current` names the page by the last word of its address.

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
                    "word": _("Supervision orders"),
                    "url": reverse("oversight:orders"),
                    "icon_name": "megaphone",
                    "count": orders_in_state(SupervisionOrder.objects.all(), OrderState.REPLIED).count(),
                    "alert": True,
                    "current": current == "orders",
                },
                {
                    "word": _("Cards"),
                    "url": reverse("oversight:cards"),
                    "icon_name": "flag",
                    "count": cards_in_state(Card.objects.all(), APPEALED).count(),
                    "alert": True,
                    "current": current == "cards",
                },
                {
                    "word": _("Rules"),
                    "url": reverse("oversight:rules"),
                    "icon_name": "sliders",
                    "current": current == "rules",
                },
                {
                    "word": _("Ratings"),
                    "url": reverse("oversight:ratings"),
                    "icon_name": "emoji-smile",
                    "count": appealed(Rating.objects.all()).count(),
                    "alert": True,
                    "current": current == "ratings",
                },
                {
                    "word": _("Fees and payments"),
                    "url": reverse("oversight:payments"),
                    "icon_name": "cash-coin",
                    "count": DayDifference.objects.filter(settled_at__isnull=True).count(),
                    "alert": True,
                    "current": current == "payments",
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
