"""What was asked of which register, who agreed to it, answers kept for minutes, and how each register is doing."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from services.access.encryption import EncryptedJSONField
from services.exchange.enums import CallError, Outcome


class SourceCall(models.Model):
    """One question to a register: kept at least three years (Network Data Security Regulation art. 12), without values.

    key_masked: enough to recognise; key_index: blind index, to find every question about one key. fields: names of
    the data elements that were answered. cached: answered from a question of the last minutes.
    """

    source = models.CharField(max_length=40)
    purpose = models.CharField(max_length=40)
    key_masked = models.CharField(max_length=60)
    key_index = models.BinaryField(max_length=34)
    subject_kind = models.CharField(max_length=30)
    subject_id = models.CharField(max_length=40)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="source_calls"
    )
    asked_at = models.DateTimeField()
    outcome = models.CharField(max_length=12, choices=Outcome)
    error = models.CharField(max_length=20, choices=CallError, blank=True)
    fields = models.JSONField(default=list)
    cached = models.BooleanField(default=False)
    milliseconds = models.PositiveIntegerField()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        indexes = [
            models.Index(fields=["subject_kind", "subject_id"], name="source_call_subject"),
            models.Index(fields=["source", "asked_at"], name="source_call_by_source"),
            models.Index(fields=["key_index"], name="source_call_key"),
        ]


class SharingConsent(models.Model):
    """That somebody agreed to a register being read for a purpose and a subject, in a version of the text.

    text_hash: SHA-256 of the text in both languages. at_window: a window clerk recorded what the applicant, who stood
    there, agreed to; given_by is that clerk. A row stays when the consent is taken back.
    """

    source = models.CharField(max_length=40)
    purpose = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=30)
    subject_id = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    text_hash = models.CharField(max_length=64)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    at_window = models.BooleanField(default=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["given_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id", "source", "purpose", "version"],
                condition=models.Q(withdrawn_at=None),
                name="sharing_consent_once",
                violation_error_message="This was agreed to already.",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None, withdrawn_by=None)
                | models.Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="sharing_consent_withdrawn_by_somebody",
                violation_error_message="Whoever takes a consent back is named.",
            ),
        ]


class CachedAnswer(models.Model):
    """The latest entry about a key, encrypted, for as long as its purpose says; it serves no other.

    That a register has no entry is not kept: it may have one a minute later.
    """

    source = models.CharField(max_length=40)
    purpose = models.CharField(max_length=40)
    key_index = models.BinaryField(max_length=34)
    data = EncryptedJSONField()
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "purpose", "key_index"], name="cached_answer_once"),
        ]
        indexes = [models.Index(fields=["checked_at"], name="cached_answer_age")]


class SourceHealth(models.Model):
    """How a register is doing. failures: in a row. rests_until: not asked before, except by one probe afterwards."""

    source = models.CharField(max_length=40, unique=True)
    failures = models.PositiveIntegerField(default=0)
    rests_until = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_failure_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=20, choices=CallError, blank=True)
