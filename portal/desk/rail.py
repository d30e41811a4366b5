"""The queues at the left of the reviewers' pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

#: Keys that work on every page of the door; pages add their own.
GO_TO_INBOX, GO_TO_CASES = "i", "d"


def frame(request: HttpRequest, *, count: int | None = None, keys: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    """Return what the staff frame needs. count: open tasks, where known. keys: the page's own (key, word)."""
    places = [
        (_("Tasks"), reverse("desk:inbox"), "inbox", count, GO_TO_INBOX),
        (_("Cases of the department"), reverse("desk:cases"), "folder2-open", None, GO_TO_CASES),
    ]
    items = [
        {"word": word, "url": url, "icon_name": icon, "count": number, "current": request.path == url, "key": key}
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
            )
        ],
    }
