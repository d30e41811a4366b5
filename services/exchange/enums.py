"""Closed sets of the data exchange."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Outcome(models.TextChoices):
    """How a question to a source ended. UNAVAILABLE never blocks anybody: the document is then handed in."""

    FOUND = "found", _("Found")
    NOT_FOUND = "not_found", _("No such entry")
    UNAVAILABLE = "unavailable", _("The register does not answer")


class CallError(models.TextChoices):
    """Why a source was unavailable, for the operators."""

    NONE = "", _("None")
    NOT_CONFIGURED = "not_configured", _("No gateway is configured")
    RESTING = "resting", _("Not asked, because it failed repeatedly")
    TIMED_OUT = "timed_out", _("No answer in time")
    NOT_REACHED = "not_reached", _("Not reached")
    REFUSED = "refused", _("Answered with an error")
    MALFORMED = "malformed", _("Answered with something that is no answer")
