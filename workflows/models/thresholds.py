"""Published threshold rules: what follows when a clock reaches an instant. Versions, immutable."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class ThresholdRules(models.Model):
    """One published state of the rules. The database refuses UPDATE and DELETE: a new state is a new version.

    A threshold is judged by the version that was in force at its instant, however late its timer fires.
    """

    number = models.PositiveIntegerField(unique=True)
    rules = models.JSONField(help_text="See docs/time-limits.md, “Thresholds”")
    note = models.CharField(max_length=300, blank=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(number__gt=0),
                name="threshold_rules_from_one",
                violation_error_message="The first published version is number 1.",
            ),
        ]
        ordering = ["-number"]
        verbose_name_plural = "threshold rules"

    def __str__(self) -> str:
        return f"threshold rules v{self.number}"
