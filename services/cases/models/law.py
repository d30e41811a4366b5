"""What the law lets happen around a decision: silence, deferred documents, hearings, public notice, checks, renewal."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from services.cases.enums import DeemedKind, RenewalOutcome
from services.cases.models.cases import Case
from workflows.models import Clock


class DeemedAct(models.Model):
    """What counts as done because the law says so, with the rule: nobody's act, so nobody is named.

    effective_at: from when it holds; a deemed acceptance is back-dated to the receipt. One clock has one such end, so
    that the consequence is safe to run twice.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="deemed_acts")
    kind = models.CharField(max_length=12, choices=DeemedKind)
    clock = models.OneToOneField(Clock, on_delete=models.PROTECT, related_name="+")
    citation_zh = models.CharField(max_length=300)
    citation_en = models.CharField(max_length=300)
    effective_at = models.DateTimeField()
    done_at = models.DateTimeField()

    class Meta:
        ordering = ["done_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(citation_zh="") & ~Q(citation_en=""),
                name="deemed_act_is_cited",
                violation_error_message="What counts as done names the rule that says so.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.case_id} by {self.citation_en}"


class Deferral(models.Model):
    """Documents that may follow after acceptance (容缺受理), with the applicant's written promise.

    materials: codes of what is missing. promise: the text she signed. handed_in_at: when the last one was there.
    """

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="deferral")
    materials = models.JSONField(default=list)
    promise = models.TextField()
    promised_by = models.CharField(max_length=100, help_text="Who promised, as on the identity document, masked")
    promised_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    handed_in_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(promise="") & ~Q(promised_by=""),
                name="deferral_is_promised",
                violation_error_message="Documents follow later only with a written promise.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {', '.join(self.materials)}"


class Hearing(models.Model):
    """A hearing before the decision (Administrative Licensing Law, art. 46–48).

    offered_at: when the right was told. requested_at: when somebody asked. held_on: the day it is called for.
    closed_at: held, or nobody asked in time.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="hearings")
    offered_at = models.DateTimeField()
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.CharField(max_length=100, blank=True)
    called_at = models.DateTimeField(null=True, blank=True)
    held_on = models.DateField(null=True, blank=True)
    place = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["offered_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(closed_at__isnull=True),
                name="hearing_one_open",
                violation_error_message="A case has one hearing at a time.",
            ),
            models.CheckConstraint(
                condition=Q(held_on__isnull=True) | (Q(requested_at__isnull=False) & ~Q(place="")),
                name="hearing_called_after_request",
                violation_error_message="A hearing is called, with its place, after somebody asked for it.",
            ),
        ]

    def __str__(self) -> str:
        return f"hearing of {self.case_id}"


class PublicNotice(models.Model):
    """A public notice (公示) before a decision: where it hangs, since when, and what objections came."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="public_notices")
    place = models.CharField(max_length=200)
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    objections = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["begun_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(closed_at__isnull=True),
                name="public_notice_one_open",
                violation_error_message="A case has one public notice at a time.",
            ),
        ]

    def __str__(self) -> str:
        return f"public notice of {self.case_id}"


class SiteCheck(models.Model):
    """The check after a permit was given (事后核查), by two officials (art. 34)."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="site_check")
    passed = models.BooleanField()
    findings = models.TextField(blank=True)
    inspectors = models.CharField(max_length=200, help_text="Two names")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(passed=True) | ~Q(findings=""),
                name="site_check_failed_says_why",
                violation_error_message="A check that was not passed says what is wrong.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {'passed' if self.passed else 'failed'}"


class Renewal(models.Model):
    """The renewal of what a granted case gave, for one period of validity (art. 50).

    opens_on, closes_on: the window in which it is asked for. expires_on: the last day of the old validity.
    asked_at: when it was asked for; decided_at and outcome: by somebody, or by law when nobody decided in time.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="renewals")
    opens_on = models.DateField()
    closes_on = models.DateField()
    expires_on = models.DateField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(max_length=8, choices=RenewalOutcome, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reasons = models.TextField(blank=True)

    class Meta:
        ordering = ["expires_on", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "expires_on"],
                name="renewal_once_per_period",
                violation_error_message="A period of validity is renewed once.",
            ),
            models.CheckConstraint(
                condition=Q(opens_on__lte=F("closes_on")) & Q(closes_on__lte=F("expires_on")),
                name="renewal_window_before_expiry",
                violation_error_message="The window lies before the expiry.",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", decided_at__isnull=True)
                | (~Q(outcome="") & Q(decided_at__isnull=False, asked_at__isnull=False)),
                name="renewal_decided_has_an_outcome",
                violation_error_message="A renewal that was asked for and decided has an outcome.",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=RenewalOutcome.REFUSED) | ~Q(reasons=""),
                name="renewal_refused_says_why",
                violation_error_message="Refusing needs reasons (Administrative Licensing Law, art. 38).",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} until {self.expires_on}"
