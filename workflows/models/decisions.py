"""Decision tables: what a business rule task asks."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from workflows.enums import DefinitionState


class DecisionDefinition(models.Model):
    """One published version of a DMN decision table. Published versions are immutable."""

    key = models.SlugField(max_length=80)
    version = models.PositiveIntegerField()
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    source = models.TextField(help_text="The DMN 1.3 XML as it was published")
    checksum = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=DefinitionState, default=DefinitionState.PUBLISHED)
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key", "version"],
                name="decision_version_once",
                violation_error_message="This version of the decision exists already.",
            ),
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(state=DefinitionState.PUBLISHED),
                name="decision_one_published",
                violation_error_message="A decision has one published version at a time.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"
