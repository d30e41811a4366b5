"""Closed sets of the notices."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Channel(TextChoices):
    """How a notice reaches somebody. The inbox is on the site; the others leave the building."""

    INBOX = "inbox", _("Inbox")
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    WEBHOOK = "webhook", _("Program")


class NoticeStatus(TextChoices):
    """Where a notice stands on its channel."""

    QUEUED = "queued", _("Waiting to be sent")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    RETRY = "retry", _("Will be tried again")
    DEAD = "dead", _("Could not be sent")
    GATHERED = "gathered", _("Waits for the digest")
    DIGESTED = "digested", _("Sent in a digest")
    CANCELLED = "cancelled", _("Cancelled by hand")


OPEN = (NoticeStatus.QUEUED, NoticeStatus.SENDING, NoticeStatus.RETRY, NoticeStatus.GATHERED)
