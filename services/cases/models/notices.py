"""What is missing: asked case by case, told the applicant together in one notice."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from services.access.encryption import EncryptedJSONField
from services.cases.enums import ReleaseCause
from services.cases.models.applications import Application
from services.cases.models.cases import Case


class OneTimeNotice(models.Model):
    """One notice to an applicant of everything that the departments miss (Administrative Licensing Law, art. 32(4)).

    number: 1, 2, … of its application. typed: what she entered and did not hand in yet, so that nothing is lost.
    released_by: None when the law's time made it go out, not a person.
    """

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="notices")
    number = models.PositiveIntegerField()
    cause = models.CharField(max_length=12, choices=ReleaseCause)
    reason = models.CharField(max_length=500, blank=True, help_text="Why it was sent before everybody had looked")
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    released_at = models.DateTimeField()
    typed = EncryptedJSONField(default=dict)
    answered_hash = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of what was looked at before sending"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "number"],
                name="notice_number_once",
                violation_error_message="The notices of an application are numbered.",
            ),
            models.CheckConstraint(
                condition=~Q(cause=ReleaseCause.SENT_NOW) | (~Q(reason="") & Q(released_by__isnull=False)),
                name="notice_sent_now_has_a_reason",
                violation_error_message="Whoever sends a notice before everybody has looked says why.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} notice {self.number}"


class Supplement(models.Model):
    """What one case misses: recorded by who checks it, told the applicant in a notice, and her answer.

    items: list of {"kind": "material" or "element", "code", "reason"}: only these open for the applicant.
    notice: None while it is recorded and waits for what the other departments ask; till then the applicant knows
    nothing and no clock stops.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="supplements")
    notice = models.ForeignKey(
        OneTimeNotice, on_delete=models.PROTECT, null=True, blank=True, related_name="supplements"
    )
    round = models.PositiveIntegerField()
    items = models.JSONField(default=list)
    supervisor_reason = models.TextField(blank=True, help_text="Why there is a second notice on one case")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    changes = EncryptedJSONField(default=dict, help_text="Per field what stood there before and what stands there now")

    class Meta:
        ordering = ["round"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "round"],
                name="supplement_once_per_round",
                violation_error_message="One notice per round.",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(notice__isnull=True),
                name="supplement_recorded_once",
                violation_error_message="What is missing waits for its notice once per case.",
            ),
            models.CheckConstraint(
                condition=Q(round=1) | Q(notice__isnull=True) | ~Q(supervisor_reason=""),
                name="second_notice_needs_a_reason",
                violation_error_message="A second notice on one case needs a supervisor's reason.",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(notice__isnull=False),
                name="supplement_answered_was_told",
                violation_error_message="Only what the applicant was told can be answered.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} round {self.round}"

    @property
    def needs_supervisor(self) -> bool:
        """Whether a supervisor has yet to say why this case is asked a second time."""
        return self.round > 1 and not self.supervisor_reason
