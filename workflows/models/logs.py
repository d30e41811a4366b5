"""The analysis store: event logs imported from elsewhere. Nothing here is a live case."""

from __future__ import annotations

from django.db import models


class ImportedLog(models.Model):
    """One imported event log. The same file again is the same log: its checksum says so."""

    name = models.CharField(max_length=200)
    checksum = models.CharField(max_length=64, unique=True)
    imported_at = models.DateTimeField()

    class Meta:
        ordering = ["-imported_at", "-id"]

    def __str__(self) -> str:
        return self.name


class ImportedCase(models.Model):
    """One case (trace) of an imported log, with the attributes that stand at its head."""

    log = models.ForeignKey(ImportedLog, on_delete=models.CASCADE, related_name="cases")
    identifier = models.CharField(max_length=200)
    attributes = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["log", "identifier"],
                name="imported_case_once",
                violation_error_message="A log names a case once.",
            ),
        ]
        ordering = ["log", "id"]

    def __str__(self) -> str:
        return self.identifier


class ImportedEvent(models.Model):
    """One event of an imported case, in the order of the file."""

    case = models.ForeignKey(ImportedCase, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    activity = models.CharField(max_length=300)
    at = models.DateTimeField(null=True)
    resource = models.CharField(max_length=200, blank=True)
    attributes = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "seq"],
                name="imported_event_in_order",
                violation_error_message="A case has one event per place.",
            ),
        ]
        ordering = ["case", "seq"]

    def __str__(self) -> str:
        return f"{self.case_id}/{self.seq} {self.activity}"
