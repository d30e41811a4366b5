"""Cards: each light a clock turned on, whom it fell to, and what became of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from services.cases.models import Case
from services.supervision.enums import CardLevel
from workflows.enums import ClockKind
from workflows.models import Clock, Run


class Card(models.Model):
    """A light that fired, once per clock and threshold. Written in bulk by the sweep; revoked, never deleted.

    threshold, rules: the rule's code and the number of the published rules it was judged by. responsible: who had the
    matter at that moment, [{"task", "role", "user"}], row numbers only; user null: nobody had claimed the task.
    """

    root = models.ForeignKey(
        Run, on_delete=models.PROTECT, related_name="+", db_index=False, help_text="Whose row is the lock"
    )
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="cards", db_index=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, blank=True, related_name="cards")
    threshold = models.CharField(max_length=24)
    rules = models.PositiveIntegerField(default=0)
    level = models.CharField(max_length=6, choices=CardLevel)
    clock_kind = models.CharField(max_length=24, choices=ClockKind)
    department = models.CharField(max_length=20, blank=True)
    due_at = models.DateTimeField(help_text="The limit's due instant at that moment")
    given_at = models.DateTimeField()
    late = models.BooleanField(default=False, help_text="Given after downtime")
    responsible = models.JSONField(default=list)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    revoke_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clock", "threshold"],
                name="card_once",
                violation_error_message="A clock gets one card per threshold.",
            ),
            models.CheckConstraint(
                condition=Q(level__in=CardLevel.values),
                name="card_level_known",
                violation_error_message="A card is yellow, red or black.",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True, revoke_reason="")
                | (Q(revoked_at__isnull=False, revoked_by__isnull=False) & ~Q(revoke_reason="")),
                name="card_revoked_with_a_reason",
                violation_error_message="Whoever revokes a card says why.",
            ),
        ]
        indexes = [
            models.Index(fields=["department", "-given_at", "-id"], name="card_of_department"),
            models.Index(fields=["-given_at", "-id"], name="card_by_instant"),
        ]

    def __str__(self) -> str:
        return f"{self.level} card for clock {self.clock_id}"

    @property
    def standing(self) -> str:
        """Where it stands: revoked, appealed (an appeal waits), upheld (an appeal was rejected) or stands."""
        if self.revoked_at is not None:
            return "revoked"
        appeal = getattr(self, "appeal", None)
        if appeal is None:
            return "stands"
        return "appealed" if appeal.decided_at is None else "upheld"


class CardAppeal(models.Model):
    """A department says that a card is unjust (申诉): once per card, and what the manager answered."""

    card = models.OneToOneField(Card, on_delete=models.PROTECT, related_name="appeal")
    reason = models.TextField()
    appealed_at = models.DateTimeField()
    appealed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    granted = models.BooleanField(null=True, blank=True)
    answer = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="appeal_has_a_reason",
                violation_error_message="An appeal gives its reason.",
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by__isnull=True, granted__isnull=True, answer="")
                | (Q(decided_at__isnull=False, decided_by__isnull=False, granted__isnull=False) & ~Q(answer="")),
                name="appeal_decided_with_a_reason",
                violation_error_message="An appeal is decided by somebody, with a reason.",
            ),
        ]
        indexes = [
            models.Index(fields=["appealed_at"], condition=Q(decided_at__isnull=True), name="appeal_open"),
        ]

    def __str__(self) -> str:
        return f"appeal against card {self.card_id}"
