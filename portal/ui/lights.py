"""How a light looks: tone, icon and word. The colours' meaning is decided by workflows.clocks."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Look:
    """Tone (a class of components.css), icon (of bootstrap-icons) and word."""

    tone: str
    icon: str
    word: str | Promise


_LOOKS = {
    "green": Look("green", "check-circle-fill", _("On time")),
    "amber": Look("amber", "clock-fill", _("Due soon")),
    "red": Look("red", "exclamation-triangle-fill", _("Past the promised date")),
    "black": Look("black", "x-octagon-fill", _("Past the legal limit")),
    "paused": Look("paused", "pause-circle-fill", _("Clock paused by law")),
    "stopped": Look("paused", "flag-fill", _("Finished")),
    "none": Look("paused", "dash-circle", _("No clock running")),
}
_NAMES = {"yellow": "amber", "grey": "paused", "gray": "paused", "": "none"}


def look_of(light: object) -> Look:
    """Return the look of a light given by name or enum member (green, yellow/amber, red, black, grey/paused, …)."""
    name = str(getattr(light, "value", light) or "").lower()
    return _LOOKS.get(_NAMES.get(name, name), _LOOKS["none"])
