"""Fees of cases and what happened to them. Amounts are whole fen (1 yuan = 100 fen): no fractions, no rounding."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q

from services.cases.models import Case
from services.payments.enums import Difference, FactKind, Means, Refusal


def new_public_id() -> str:
    """Return an unguessable id for addresses."""
    return secrets.token_urlsafe(12)


class FeeDue(models.Model):
    """A fee of the catalogue that is due for one case, with its legal basis as it stood then.

    full_fen: before reductions, None until the department has set it. waits: the result is issued once it is paid.
    reductions: rows of the catalogue {code, name, basis, percent, when}. kept_when: when it is not given back.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    number = models.CharField(max_length=40, unique=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="fees_due")
    line = models.PositiveSmallIntegerField(help_text="Place of the fee in the guide of the case's service version")
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    rate_zh = models.CharField(max_length=300)
    rate_en = models.CharField(max_length=300)
    basis_zh = models.CharField(max_length=300)
    basis_en = models.CharField(max_length=300)
    full_fen = models.BigIntegerField(null=True, blank=True)
    reduction = models.CharField(max_length=60, blank=True, help_text="Code of the reduction that applies")
    reduction_percent = models.PositiveSmallIntegerField(default=0)
    reductions = models.JSONField(default=list, blank=True)
    waits = models.BooleanField(default=False)
    waits_basis_zh = models.CharField(max_length=300, blank=True)
    waits_basis_en = models.CharField(max_length=300, blank=True)
    kept_when = models.JSONField(default=list, blank=True)
    demanded_at = models.DateTimeField()

    class Meta:
        ordering = ["demanded_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "line"],
                name="fee_due_once",
                violation_error_message="A fee is demanded once per case.",
            ),
            models.CheckConstraint(
                condition=Q(full_fen__isnull=True) | Q(full_fen__gt=0, full_fen__lte=10**13),
                name="fee_amount_is_positive",
                violation_error_message="A fee is more than nothing and less than 100 billion yuan.",
            ),
            models.CheckConstraint(
                condition=Q(reduction="", reduction_percent=0)
                | (~Q(reduction="") & Q(reduction_percent__range=(1, 100))),
                name="fee_reduction_has_a_percentage",
                violation_error_message="A reduction has a percentage from 1 to 100.",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def amount_fen(self) -> int | None:
        """What is to be paid, in fen: the reduction is cut to whole fen. None until the department has set it."""
        if self.full_fen is None:
            return None
        return self.full_fen - self.full_fen * self.reduction_percent // 100


class Attempt(models.Model):
    """One order at the payment service, or one payment at a window. number: what both sides call it.

    A fee has one open attempt at a time: two tabs pay the same order, which the service takes once. closed_at: failed,
    expired or paid. started_by: at the window the clerk. receipt_number: at the window, of the receipt or the slip.
    """

    number = models.CharField(max_length=60, unique=True)
    due = models.ForeignKey(FeeDue, on_delete=models.PROTECT, related_name="attempts")
    amount_fen = models.BigIntegerField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    asked_at = models.DateTimeField(help_text="When the payment service was last asked about it")
    closed_at = models.DateTimeField(null=True, blank=True)
    means = models.CharField(max_length=10, choices=Means, default=Means.ONLINE)
    receipt_number = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["due"],
                condition=Q(closed_at__isnull=True),
                name="attempt_one_open",
                violation_error_message="A fee has one open payment at a time.",
            ),
            models.CheckConstraint(
                condition=Q(amount_fen__gt=0),
                name="attempt_amount_is_positive",
                violation_error_message="A payment is more than nothing.",
            ),
            models.UniqueConstraint(
                fields=["means", "receipt_number"],
                condition=~Q(receipt_number=""),
                name="attempt_receipt_once",
                violation_error_message="This receipt stands for another payment already.",
            ),
            models.CheckConstraint(
                condition=Q(means=Means.ONLINE, receipt_number="")
                | (~Q(means=Means.ONLINE) & ~Q(receipt_number="") & Q(closed_at__isnull=False)),
                name="attempt_at_window_has_a_receipt",
                violation_error_message="A payment at the window has a receipt number and is made at once.",
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at"], condition=Q(closed_at__isnull=True), name="attempt_open"),
        ]

    def __str__(self) -> str:
        return self.number


class PaymentFact(models.Model):
    """One thing that happened to a fee: written once, never changed (see the trigger in the migration).

    gateway_number: the payment service's own number. by: None for the law, the service or a task. note: codes only.
    """

    due = models.ForeignKey(FeeDue, on_delete=models.PROTECT, related_name="facts")
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, null=True, blank=True, related_name="facts")
    kind = models.CharField(max_length=12, choices=FactKind)
    amount_fen = models.BigIntegerField(null=True, blank=True)
    gateway_number = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "kind"],
                condition=Q(kind__in=(FactKind.PAID, FactKind.REFUND_OWED, FactKind.REFUNDED, FactKind.RECONCILED)),
                name="payment_fact_once_per_attempt",
                violation_error_message="A payment is paid, given back and matched once.",
            ),
            models.UniqueConstraint(
                fields=["due", "kind"],
                condition=Q(kind__in=(FactKind.DEMANDED, FactKind.CANCELLED)),
                name="payment_fact_once_per_fee",
                violation_error_message="A fee is demanded and cancelled once.",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=(FactKind.PAID, FactKind.REFUND_OWED, FactKind.REFUNDED))
                | Q(attempt__isnull=False, amount_fen__gt=0),
                name="payment_fact_of_money_has_an_amount",
                violation_error_message="Money that moved has a payment and an amount.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.due_id} {self.kind}"


class GatewayMessage(models.Model):
    """A message that claimed to come from the payment service, taken or refused. digest: SHA-256 of its body."""

    received_at = models.DateTimeField()
    order = models.CharField(max_length=60, blank=True)
    digest = models.CharField(max_length=64)
    refused = models.CharField(max_length=10, choices=Refusal, blank=True)
    repeated = models.BooleanField(default=False, help_text="What it says was known")

    class Meta:
        ordering = ["-received_at", "-id"]
        indexes = [models.Index(fields=["-received_at"], condition=~Q(refused=""), name="gateway_message_refused")]

    def __str__(self) -> str:
        return f"{self.order} {self.refused or 'taken'}"


class DayDifference(models.Model):
    """Where our books and the payment service's list of a day differ, until somebody has seen to it."""

    day = models.DateField()
    order = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Difference)
    ours_fen = models.BigIntegerField(null=True, blank=True)
    theirs_fen = models.BigIntegerField(null=True, blank=True)
    found_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-day", "order"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "order", "kind"],
                name="day_difference_once",
                violation_error_message="A difference of a day is noted once.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.order} {self.kind}"
