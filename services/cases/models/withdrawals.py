"""What an applicant took back, and why if she said so."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from services.access.encryption import EncryptedJSONField
from services.cases.models.applications import Application
from services.cases.models.cases import Case


class Withdrawal(models.Model):
    """She took an application, or one case of it, back before it was decided (撤回).

    case: None for everything that was undecided. reason: {"text"}; she need not give one.
    """

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="withdrawals")
    case = models.OneToOneField(Case, on_delete=models.PROTECT, null=True, blank=True, related_name="withdrawal")
    reason = EncryptedJSONField(default=dict)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField()

    class Meta:
        ordering = ["withdrawn_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["application"],
                condition=models.Q(case__isnull=True),
                name="withdrawal_of_the_whole_once",
                violation_error_message="An application is withdrawn once.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} withdrawn at {self.withdrawn_at}"

    @property
    def why(self) -> str:
        """What she gave as her reason, "" for nothing."""
        return str(self.reason.get("text", ""))
