"""The queues at the left of the reviewers' pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from services.payments.permissions import departments_that_assess
from services.payments.queries.fees import fees_to_assess
from services.supervision.permissions import departments_headed_by
from services.supervision.queries.orders import orders_awaiting

#: Keys that work on every page of the door; pages add their own.
GO_TO_INBOX, GO_TO_CASES, GO_TO_SUPERVISION = "i", "d", "u"
GO_TO_FEES, GO_TO_RATINGS = "e", "t"


def frame(request: HttpRequest, *, count: int | None = None, keys: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    """Return what the staff frame needs. count: open tasks, where known. keys: the page's own (key, word)."""
    places = [
        (_("Tasks"), reverse("desk:inbox"), "inbox", count, GO_TO_INBOX),
        (_("Cases of the department"), reverse("desk:cases"), "folder2-open", None, GO_TO_CASES),
        (_("Ratings"), reverse("desk:ratings"), "emoji-smile", None, GO_TO_RATINGS),
    ]
    if departments := departments_headed_by(request.user, timezone.now()):
        waiting = orders_awaiting(departments).count()
        places.append((_("Supervision"), reverse("desk:supervision"), "megaphone", waiting, GO_TO_SUPERVISION))
    if assessed := departments_that_assess(request.user, timezone.now()):
        places.append(
            (_("Fees and payments"), reverse("desk:fees"), "cash-coin", fees_to_assess(assessed).count(), GO_TO_FEES)
        )
    items = [
        {
            "word": word,
            "url": url,
            "icon_name": icon,
            "count": number,
            "current": request.path == url,
            "key": key,
            "alert": key == GO_TO_SUPERVISION,
        }
        for word, url, icon, number, key in places
    ]
    return {
        "rail": [{"title": _("Desk"), "items": items}],
        "keys": [
            {"key": key, "word": word}
            for key, word in (
                *keys,
                (GO_TO_INBOX, _("Go to the tasks")),
                (GO_TO_CASES, _("Go to the department's cases")),
                (GO_TO_RATINGS, _("Go to the ratings")),
                *([(GO_TO_SUPERVISION, _("Go to supervision"))] if departments else []),
                *([(GO_TO_FEES, _("Go to the fees"))] if assessed else []),
            )
        ],
    }
