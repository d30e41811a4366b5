"""The outbox: what is owed to whom on which channel, and how far it got."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from services.access.encryption import EncryptedTextField
from services.notifications.drafts import dedup_key
from services.notifications.enums import OPEN, Channel, NoticeStatus
from services.notifications.messages import Message, render
from services.notifications.packing import PackedJSONField

#: What a message exists once by, as PostgreSQL indexes it: a fifth of the columns' size. It begins with what stands
#: for the subject, so that everything about one subject lies together (`drafts.once_about`).
ONCE = (
    "(left(md5(subject_kind || '|' || subject_id), 12)"
    " || left(md5(kind || '|' || round || '|' || channel || '|' || recipient_id), 20))::uuid"
)


class Notice(models.Model):
    """One message to one person on one channel. Written in the transaction of the event it tells of.

    `next_attempt_at` is the instant from which a dispatcher may take the notice: while it is open the next attempt's,
    while it is being sent the end of the lease. `provider_key` goes with every attempt, so that a receiver can drop a
    repetition. `params` may hold names and open in their own row only. `last_error` names a class of error and a reply
    code, never an address or a name.
    """

    subject_kind = models.CharField(_("kind of subject"), max_length=40)
    subject_id = models.CharField(_("subject"), max_length=40)
    kind = models.CharField(_("kind"), max_length=60)
    round = models.PositiveIntegerField(_("round"), default=0)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="notices",
        verbose_name=_("recipient"),
        db_index=False,
    )
    language = models.CharField(_("language"), max_length=10)
    params = PackedJSONField(_("values"), bind="dedup_key")
    link = models.CharField(_("link"), max_length=300, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=NoticeStatus, default=NoticeStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    lease_by = models.CharField(_("being sent by"), max_length=120, blank=True)
    lease_until = models.DateTimeField(_("lease ends"), null=True, blank=True)
    provider_key = models.UUIDField(default=uuid.uuid4, editable=False)
    last_error = models.CharField(_("last error"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("owed at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("handled by"),
        db_index=False,
    )
    handled_at = models.DateTimeField(_("handled at"), null=True, blank=True)
    digest = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="items",
        verbose_name=_("digest"),
        db_index=False,
    )

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at"], name="notice_open", condition=Q(next_attempt_at__isnull=False)),
            models.Index(fields=["created_at"], name="notice_dead", condition=Q(status=NoticeStatus.DEAD)),
            models.Index(
                # Read backwards, newest first; written in order, its pages stay full.
                fields=["recipient", "created_at", "id"],
                name="notice_inbox",
                condition=Q(channel=Channel.INBOX),
            ),
            models.Index(fields=["digest"], name="notice_in_digest", condition=Q(digest__isnull=False)),
            models.Index(
                fields=["recipient"], name="notice_unread", condition=Q(channel=Channel.INBOX, read_at__isnull=True)
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                Func(template=ONCE, output_field=models.UUIDField()),
                name="notice_once",
                violation_error_message=_("A message about one event goes to one person once per channel."),
            ),
            models.CheckConstraint(
                name="notice_open_has_next_attempt",
                condition=Q(status__in=OPEN, next_attempt_at__isnull=False)
                | (~Q(status__in=OPEN) & Q(next_attempt_at__isnull=True)),
                violation_error_message=_("A notice has a next attempt exactly while it is open."),
            ),
            models.CheckConstraint(
                name="notice_sending_has_lease",
                condition=(Q(status=NoticeStatus.SENDING) & ~Q(lease_by="") & Q(lease_until=F("next_attempt_at")))
                | (~Q(status=NoticeStatus.SENDING) & Q(lease_by="", lease_until__isnull=True)),
                violation_error_message=_("A notice has a lease exactly while it is being sent."),
            ),
            models.CheckConstraint(
                name="notice_sent_has_instant",
                condition=Q(status=NoticeStatus.SENT, sent_at__isnull=False)
                | (~Q(status=NoticeStatus.SENT) & Q(sent_at__isnull=True)),
                violation_error_message=_("A sent notice says when it was sent, and no other does."),
            ),
            models.CheckConstraint(
                name="notice_digested_has_digest",
                condition=Q(status=NoticeStatus.DIGESTED, digest__isnull=False)
                | (~Q(status=NoticeStatus.DIGESTED) & Q(digest__isnull=True)),
                violation_error_message=_("A notice names its digest exactly if it was sent in one."),
            ),
            models.CheckConstraint(
                name="notice_inbox_is_sent",
                condition=~Q(channel=Channel.INBOX) | Q(status=NoticeStatus.SENT),
                violation_error_message=_("A notice in the inbox is there from the moment it is owed."),
            ),
            models.CheckConstraint(
                name="notice_read_in_inbox",
                condition=Q(read_at__isnull=True) | Q(channel=Channel.INBOX),
                violation_error_message=_("Only a notice in the inbox can be read."),
            ),
            models.CheckConstraint(
                name="notice_link_on_this_site",
                condition=Q(link="") | (Q(link__startswith="/") & ~Q(link__startswith="//")),
                violation_error_message=_("The link of a notice leads to a page of this site."),
            ),
        ]

    def __str__(self) -> str:
        """Name the notice without its content."""
        return f"{self.kind} {self.subject_kind} {self.subject_id} ({self.channel})"

    @property
    def dedup_key(self) -> str:
        """The key by which the message exists once; it also binds `params` to this row."""
        return dedup_key(self.subject_kind, self.subject_id, self.kind, self.round, self.channel, self.recipient_id)

    @property
    def public_id(self) -> str:
        """The id in addresses. Nothing is found by it alone: whoever looks has first narrowed the notices to hers."""
        return self.provider_key.hex

    @property
    def message(self) -> Message:
        """The text in the language of the page that shows it."""
        return render(self.kind, self.params, get_language() or self.language)


class AddressCorrection(models.Model):
    """Where one notice goes instead of where its recipient is reached. The last one counts; the others stay on record.

    The recipient's own contact is hers to change: a manager corrects the address of a message, not of a person, and
    says why. Without a reason it is the address to which the recipient herself had the message sent (`owe_to_address`).
    """

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="corrections", verbose_name=_("notice"))
    address = EncryptedTextField(_("address"), bind="notice_id")
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("corrected by")
    )
    at = models.DateTimeField(_("corrected at"))

    class Meta:
        verbose_name = _("corrected address")
        verbose_name_plural = _("corrected addresses")

    def __str__(self) -> str:
        """Name the notice without its address."""
        return f"{self.notice_id}"


class WebhookEndpoint(models.Model):
    """Where a sign-in's program is told of its messages. One per sign-in.

    Two secrets sign while one replaces the other. `failing_since` is the first of the failures since the last success.
    """

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhook_endpoint", verbose_name=_("owner")
    )
    url = models.URLField(_("address"), max_length=300)
    secret = EncryptedTextField(_("secret"), bind="owner_id")
    old_secret = EncryptedTextField(_("former secret"), bind="owner_id", default="")
    old_until = models.DateTimeField(_("former secret signs until"), null=True, blank=True)
    created_at = models.DateTimeField(_("registered at"))
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    disabled_at = models.DateTimeField(_("disabled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("endpoint of a program")
        verbose_name_plural = _("endpoints of programs")

    def __str__(self) -> str:
        """Name the address."""
        return self.url
