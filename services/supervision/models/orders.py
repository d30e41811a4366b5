"""Supervision orders (督办) and the replies to them, after GB/T 39046, table 11."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from services.cases.models import Case
from services.supervision.enums import OPEN_ORDER_STATES, CardLevel, OrderOutcome, OrderState, Verdict
from workflows.enums import ClockKind
from workflows.models import Clock, Run


class SupervisionOrder(models.Model):
    """A department is ordered to see to a case and to reply (监察编号, 督办内容, 被督办机构, 监察规则编号, …).

    rule, rules: the rule that issued it and the number of the published rules; "" and 0: a manager by hand.
    level: the light behind it (监察预警类型代码), "" when a manager saw something else. reply_days: working days.
    """

    number = models.CharField(max_length=40, unique=True)
    root = models.ForeignKey(
        Run, on_delete=models.PROTECT, related_name="+", db_index=False, help_text="Whose row is the lock"
    )
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, blank=True, related_name="supervision_orders")
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, null=True, blank=True, related_name="supervision_orders")
    rule = models.CharField(max_length=24, blank=True)
    rules = models.PositiveIntegerField(default=0)
    level = models.CharField(max_length=6, choices=CardLevel, blank=True)
    clock_kind = models.CharField(max_length=24, choices=ClockKind, blank=True)
    department = models.CharField(max_length=20)
    content_zh = models.TextField()
    content_en = models.TextField()
    reply_days = models.PositiveSmallIntegerField()
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=14, choices=OrderState, default=OrderState.AWAITING_REPLY)
    outcome = models.CharField(max_length=10, choices=OrderOutcome, blank=True)
    closing_note = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clock", "rule"],
                condition=Q(state__in=OPEN_ORDER_STATES),
                name="order_open_once_per_rule",
                violation_error_message="One rule has one open order on a clock at a time.",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(state__in=OPEN_ORDER_STATES, clock__isnull=True),
                name="order_open_once_by_hand",
                violation_error_message="A case has one open order that watches no limit at a time.",
            ),
            models.CheckConstraint(
                condition=Q(state=OrderState.CLOSED, closed_at__isnull=False, closed_by__isnull=False) & ~Q(outcome="")
                | Q(state__in=OPEN_ORDER_STATES, closed_at__isnull=True, closed_by__isnull=True, outcome=""),
                name="order_closed_by_somebody",
                violation_error_message="A closed order says when, by whom and how it ended.",
            ),
            models.CheckConstraint(
                condition=~Q(content_zh="") & ~Q(content_en=""),
                name="order_says_what",
                violation_error_message="A supervision order says what is expected.",
            ),
            models.CheckConstraint(
                condition=Q(reply_days__gt=0),
                name="order_gives_time",
                violation_error_message="A department has at least one working day to reply.",
            ),
        ]
        indexes = [
            models.Index(fields=["department", "-issued_at"], name="order_of_department"),
            models.Index(fields=["issued_at"], condition=Q(state__in=OPEN_ORDER_STATES), name="order_open"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderReply(models.Model):
    """What the department answered in one round, and what the manager said of it."""

    order = models.ForeignKey(SupervisionOrder, on_delete=models.PROTECT, related_name="replies")
    round = models.PositiveSmallIntegerField()
    text = models.TextField()
    replied_at = models.DateTimeField()
    replied_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict, blank=True)
    remark = models.TextField(blank=True, help_text="Why it was sent back, or what the manager adds")
    judged_at = models.DateTimeField(null=True, blank=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["order", "round"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "round"],
                name="reply_once_per_round",
                violation_error_message="An order is replied to once per round.",
            ),
            models.CheckConstraint(
                condition=~Q(text=""),
                name="reply_says_something",
                violation_error_message="A reply says what was done.",
            ),
            models.CheckConstraint(
                condition=Q(verdict="", judged_at__isnull=True, judged_by__isnull=True)
                | (~Q(verdict="") & Q(judged_at__isnull=False, judged_by__isnull=False)),
                name="reply_judged_by_somebody",
                violation_error_message="A reply is judged by somebody.",
            ),
            models.CheckConstraint(
                condition=~Q(verdict=Verdict.SENT_BACK) | ~Q(remark=""),
                name="reply_sent_back_with_a_reason",
                violation_error_message="Whoever sends a reply back says why.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} round {self.round}"
