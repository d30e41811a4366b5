"""Closed sets of supervision."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from workflows.enums import ClockKind


class CardLevel(models.TextChoices):
    """What a card is about (黄牌, 红牌, 黑牌); the same words as the lights."""

    YELLOW = "yellow", _("yellow card")
    RED = "red", _("red card")
    BLACK = "black", _("black card")


class OrderState(models.TextChoices):
    """Where a supervision order stands."""

    AWAITING_REPLY = "awaiting_reply", pgettext_lazy("supervision order", "waiting for the reply")
    REPLIED = "replied", pgettext_lazy("supervision order", "replied, to be judged")
    CLOSED = "closed", pgettext_lazy("supervision order", "closed")


OPEN_ORDER_STATES = (OrderState.AWAITING_REPLY, OrderState.REPLIED)


class OrderOutcome(models.TextChoices):
    """How a supervision order ended."""

    ACCEPTED = "accepted", pgettext_lazy("supervision order", "reply accepted")
    WITHDRAWN = "withdrawn", pgettext_lazy("supervision order", "withdrawn")


class Verdict(models.TextChoices):
    """What the manager said of a reply."""

    ACCEPTED = "accepted", pgettext_lazy("reply", "accepted")
    SENT_BACK = "sent_back", pgettext_lazy("reply", "sent back")


class Recipient(models.TextChoices):
    """Whom a rule tells, as people of that moment."""

    HOLDER = "holder", _("whoever holds the task")
    HEAD = "head", _("the head of the department")
    MANAGER = "manager", _("the managers of the government service administration")
    LEAD = "lead", _("the head of the bundle's lead department")
    APPLICANT = "applicant", _("the applicant and her agents")


#: Limits that may still run after a case was decided.
KINDS_AFTER_DECISION = frozenset(
    {
        ClockKind.DELIVERY,
        ClockKind.DEFERRED_DOCUMENTS,
        ClockKind.RATING_CONTACT,
        ClockKind.RATING_RECTIFICATION,
        ClockKind.SUPERVISION_REPLY,
        ClockKind.RENEWAL,
        ClockKind.POST_PERMIT_CHECK,
        ClockKind.HEARING,
        ClockKind.PUBLICITY,
    }
)
