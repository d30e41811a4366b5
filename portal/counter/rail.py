"""The queues at the left of the clerks' pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

#: Keys that work on every page of the door; pages add their own.
GO_TO_INTAKE, GO_TO_WALK_IN, GO_TO_CODE = "i", "w", "c"


def frame(request: HttpRequest, *, count: int | None = None, keys: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    """Return what the staff frame needs. count: open tasks, where known. keys: the page's own (key, word)."""
    places = [
        (_("Intake"), reverse("counter:intake"), "inboxes", count, GO_TO_INTAKE),
        (_("Walk-in"), reverse("counter:walk_in"), "person-plus", None, GO_TO_WALK_IN),
        (_("With a code"), reverse("counter:hand_over"), "qr-code", None, GO_TO_CODE),
    ]
    items = [
        {
            "word": word,
            "url": url,
            "icon_name": icon,
            "count": number,
            "current": request.path == url,
            "key": key,
        }
        for word, url, icon, number, key in places
    ]
    return {
        "rail": [{"title": _("Window"), "items": items}],
        "keys": [
            {"key": key, "word": word}
            for key, word in (
                *keys,
                (GO_TO_INTAKE, _("Go to the intake list")),
                (GO_TO_WALK_IN, _("Take a walk-in")),
                (GO_TO_CODE, _("Go on with a code")),
            )
        ],
    }
