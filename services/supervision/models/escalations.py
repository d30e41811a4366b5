"""Escalations: what was laid before the head of the department."""

from __future__ import annotations

from django.db import models

from services.cases.models import Case
from workflows.models import Clock, Run


class Escalation(models.Model):
    """A clock's matter was laid before the head, once per clock and threshold; it lasts while the clock runs."""

    root = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+", db_index=False)
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="escalations", db_index=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, blank=True, related_name="escalations")
    threshold = models.CharField(max_length=24)
    department = models.CharField(max_length=20, blank=True)
    escalated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clock", "threshold"],
                name="escalation_once",
                violation_error_message="A clock is escalated once per threshold.",
            ),
        ]
        indexes = [models.Index(fields=["department", "-escalated_at"], name="escalation_of_department")]

    def __str__(self) -> str:
        return f"clock {self.clock_id} before the head of {self.department}"
