"""What the machinery says about itself: that something got through, and what stands still."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from workflows.models.runs import Run


class Progress(models.Model):
    """That something got all the way through to this row: a process that runs and gets nothing done writes none."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField(help_text="The last time, by PostgreSQL's clock")

    def __str__(self) -> str:
        return f"{self.name} {self.at}"


class Standstill(models.Model):
    """A case in which something stands still that nothing will ever move again; a manager must see it."""

    root = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="standstills", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+", db_index=False)
    node = models.CharField(max_length=80, blank=True, help_text="Where; empty if no token is left at all")
    found_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it was seen to move again")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["root"],
                condition=Q(ended_at__isnull=True),
                name="standstill_once_until_it_moves",
                violation_error_message="A case stands still once at a time.",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("found_at")),
                name="standstill_ends_after_it_is_found",
                violation_error_message="A standstill cannot end before it was found.",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.root_id} stands still"
