"""One service item of an application: what one department decides in its own name."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from services.cases.enums import OUTCOMES_AGAINST, CaseState, MaterialFinding
from services.cases.models.applications import Application, new_public_id
from services.catalogue.models import ServiceVersion
from services.parties.models import Department
from workflows.models import Run, Task


class Case(models.Model):
    """A service item within an application (办件). `state` is a projection, set only in `operations.projection`."""

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    number = models.CharField(max_length=40, unique=True)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="cases")
    part = models.CharField(max_length=60)
    position = models.PositiveIntegerField(default=0)
    service = models.ForeignKey(ServiceVersion, on_delete=models.PROTECT, related_name="cases")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="cases")
    state = models.CharField(max_length=14, choices=CaseState, default=CaseState.PLANNED)
    run = models.OneToOneField(Run, on_delete=models.PROTECT, null=True, blank=True, related_name="case")
    filed_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    deemed_accepted = models.BooleanField(default=False)
    decided_at = models.DateTimeField(null=True, blank=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    end_reason_zh = models.TextField(blank=True)
    end_reason_en = models.TextField(blank=True)
    competent_body = models.CharField(max_length=200, blank=True, help_text="Who is competent if we are not")
    outside_number = models.CharField(max_length=80, blank=True)
    outside_decided_on = models.DateField(null=True, blank=True)
    entered_late = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "part"],
                name="case_once_per_part",
                violation_error_message="An application has one case per service.",
            ),
            models.CheckConstraint(
                condition=Q(state=CaseState.PLANNED, filed_at__isnull=True)
                | Q(state__in=(CaseState.ENDED, CaseState.WITHDRAWN))
                | Q(filed_at__isnull=False),
                name="case_filed_has_an_instant",
                violation_error_message="A case that is under way was filed at some instant.",
            ),
            models.CheckConstraint(
                condition=~Q(state=CaseState.ACCEPTED) | Q(accepted_at__isnull=False),
                name="case_accepted_has_an_instant",
                violation_error_message="An accepted case was accepted at some instant.",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(CaseState.GRANTED, CaseState.REFUSED)) | Q(decided_at__isnull=False),
                name="case_decided_has_an_instant",
                violation_error_message="A decided case was decided at some instant.",
            ),
        ]
        indexes = [
            models.Index(fields=["department", "state"], name="case_department_state"),
            models.Index(fields=["state", "-filed_at"], name="case_state_filed"),
        ]

    def __str__(self) -> str:
        return self.number


class Opinion(models.Model):
    """What somebody of a post concluded in one task: the law's 承办, 审核 and 批准 each leave one."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="opinions")
    task = models.OneToOneField(Task, on_delete=models.PROTECT, related_name="opinion")
    role = models.CharField(max_length=20)
    outcome = models.CharField(max_length=40)
    reasons = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        ordering = ["given_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome__in=OUTCOMES_AGAINST) | ~Q(reasons=""),
                name="opinion_against_has_reasons",
                violation_error_message="Refusing or returning needs reasons (Administrative Licensing Law, art. 38).",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.role} {self.outcome}"


class MaterialCheck(models.Model):
    """What the window found about one document or form field of a case."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="material_checks")
    material = models.CharField(max_length=80)
    finding = models.CharField(max_length=14, choices=MaterialFinding)
    reason = models.TextField(blank=True)
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "material"],
                name="material_checked_once",
                violation_error_message="Each document of a case has one finding; check it again to change it.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.material}: {self.finding}"
