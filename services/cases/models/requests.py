"""What a department asks an applicant after acceptance, and her answer."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from services.access.encryption import EncryptedJSONField
from services.cases.models.applications import new_public_id
from services.cases.models.cases import Case


class InformationRequest(models.Model):
    """A question about an accepted case. It stops no clock, unless by a cited rule of the service itself.

    pause_rule: code of that rule, "" for none; planned_days: working days the applicant was told it takes. answer:
    {"text"}, or {"typed"} while it is not sent; files lie with the application under `material_code`.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="requests")
    number = models.PositiveIntegerField()
    text = models.TextField()
    pause_rule = models.CharField(max_length=60, blank=True)
    planned_days = models.PositiveIntegerField(null=True, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer = EncryptedJSONField(default=dict)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "number"],
                name="request_number_once",
                violation_error_message="The questions of a case are numbered.",
            ),
            models.CheckConstraint(
                condition=~Q(text=""),
                name="request_asks_something",
                violation_error_message="Say what you need from the applicant.",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by__isnull=True)
                | Q(answered_at__isnull=False, answered_by__isnull=False),
                name="request_answered_by_somebody",
                violation_error_message="An answer has an instant and somebody who gave it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} request {self.number}"

    @property
    def material_code(self) -> str:
        """The code under which the files of its answer are kept."""
        return f"request-{self.public_id}"
