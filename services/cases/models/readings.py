"""What was asked of a register for a draft, and what came of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from services.access.encryption import EncryptedJSONField
from services.cases.models.applications import Application
from services.exchange.enums import Outcome


class SourceReading(models.Model):
    """One reading of a register for an application: shown beside what was filled, and where nothing could be.

    filled: codes of elements or documents it gave. differing: by element, the register's values where the applicant had
    typed something else; hers stays until she takes the register's. missing: codes it did not give, to be entered or
    uploaded by hand. is_holders: False when the entry names somebody who has no part in the application.
    """

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="source_readings")
    source = models.CharField(max_length=40)
    purpose = models.CharField(max_length=40)
    outcome = models.CharField(max_length=12, choices=Outcome)
    is_holders = models.BooleanField(default=True)
    filled = models.JSONField(default=list)
    differing = EncryptedJSONField(default=dict)
    missing = models.JSONField(default=list)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()

    class Meta:
        ordering = ["-asked_at", "-id"]
        indexes = [models.Index(fields=["application", "-asked_at"], name="source_reading_of_draft")]

    def __str__(self) -> str:
        return f"{self.source} for {self.application_id}: {self.outcome}"
