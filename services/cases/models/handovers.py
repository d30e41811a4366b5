"""A draft goes to the counter and back, or from the counter to its applicant, with a code."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from services.access.encryption import EncryptedJSONField
from services.cases.enums import HandOverState, HandOverTo
from services.cases.models.applications import Application


class HandOver(models.Model):
    """One code of a draft: made once, used once by somebody on the other side, and how it went on.

    The code itself is not stored, only its keyed hash. `before` and `after` are what the draft held when the clerk took
    it and when it came back.
    """

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="handovers")
    to = models.CharField(max_length=10, choices=HandOverTo)
    code_hash = models.CharField(max_length=64)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    taken_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    before = EncryptedJSONField(default=dict)
    after = EncryptedJSONField(default=dict)

    class Meta:
        ordering = ["made_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(ended_at__isnull=True),
                name="handover_one_at_a_time",
                violation_error_message="A draft is handed over once at a time.",
            ),
            models.CheckConstraint(
                condition=Q(taken_at__isnull=True, taken_by__isnull=True)
                | Q(taken_at__isnull=False, taken_by__isnull=False),
                name="handover_taken_by_somebody",
                violation_error_message="Who took a draft has an instant and a name.",
            ),
        ]
        indexes = [
            models.Index(fields=["code_hash"], condition=Q(taken_at__isnull=True), name="handover_waiting_code"),
            models.Index(fields=["taken_by"], condition=Q(ended_at__isnull=True), name="handover_held_by"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} to {self.to}"

    def state(self, at: datetime) -> HandOverState:
        """Return where it stands."""
        if self.taken_at is None:
            waits = self.ended_at is None and at < self.expires_at
            return HandOverState.WAITING if waits else HandOverState.OVER
        if self.ended_at is None:
            return HandOverState.HELD
        return HandOverState.BACK if self.confirmed_at is None else HandOverState.OVER
