"""Closed sets of ratings."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Level(models.TextChoices):
    """How satisfied somebody is; the two national codes run in opposite directions, so neither is stored."""

    VERY_SATISFIED = "very_satisfied", pgettext_lazy("rating", "very satisfied")
    SATISFIED = "satisfied", pgettext_lazy("rating", "satisfied")
    FAIRLY_SATISFIED = "fairly_satisfied", pgettext_lazy("rating", "fairly satisfied")
    DISSATISFIED = "dissatisfied", pgettext_lazy("rating", "dissatisfied")
    VERY_DISSATISFIED = "very_dissatisfied", pgettext_lazy("rating", "very dissatisfied")


#: 差评.
BAD = (Level.DISSATISFIED, Level.VERY_DISSATISFIED)


class Channel(models.TextChoices):
    """Where a rating was given; the values are the national interface's codes (评价渠道)."""

    COMPUTER = "1", _("on a computer")
    MOBILE = "2", _("on a mobile phone")
    HALL = "4", _("at the counter")


class Ground(models.TextChoices):
    """Why a rating does not count (误评, 恶意差评)."""

    MISTAKEN = "mistaken", _("given by mistake")
    MALICIOUS = "malicious", _("malicious")


class Stage(models.TextChoices):
    """Where a bad rating by somebody who gave her name stands, as its facts say."""

    TO_CONTACT = "to_contact", _("to be contacted")
    TO_RECTIFY = "to_rectify", _("to be put right")
    TO_FOLLOW_UP = "to_follow_up", _("to be asked again")
    CLOSED = "closed", pgettext_lazy("rating", "closed")
    EXCLUDED = "excluded", _("does not count")
