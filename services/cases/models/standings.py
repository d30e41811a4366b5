"""What the board counts: from which instant each open case has each light, and counts of these by instant.

Triggers of the database keep these tables (migration `board`), so that whoever moves a clock, in bulk or by hand,
moves them in the same transaction. Nothing here is a fact of its own: `manage.py rebuild_board` makes them anew.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from services.cases.models.cases import Case

#: Stands for "since ever": what is lit already, and everything the counts have left behind.
EPOCH = "1970-01-01T00:00:00+00:00"


class Standing(models.Model):
    """From which instant an open case has which light; the most pressing that has come is the one it has.

    A light that nothing leads to has no instant. Before `green_from` the case is paused by law.
    """

    # Kept by triggers, also when a case goes: a check of the key would cost a bulk writer more than it finds.
    case = models.OneToOneField(
        Case, on_delete=models.DO_NOTHING, primary_key=True, related_name="standing", db_constraint=False
    )
    department = models.CharField(max_length=20)
    service = models.CharField(max_length=80)
    filed_at = models.DateTimeField()
    watched = models.BooleanField(help_text="Whether a clock that binds an office runs")
    green_from = models.DateTimeField(null=True)
    yellow_from = models.DateTimeField(null=True)
    red_from = models.DateTimeField(null=True)
    black_from = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(F("red_from").asc(nulls_last=True), "case", name="standing_by_due"),
            models.Index("department", F("red_from").asc(nulls_last=True), "case", name="standing_of_department"),
            models.Index("service", F("red_from").asc(nulls_last=True), "case", name="standing_of_service"),
            models.Index(fields=["filed_at", "case"], name="standing_by_age"),
            models.Index(
                fields=["case"],
                condition=Q(watched=True) & (Q(green_from__isnull=True) | Q(green_from__gt=EPOCH)),
                name="standing_paused",
            ),
            models.Index(fields=["case"], condition=Q(watched=False), name="standing_without_clock"),
        ]

    def __str__(self) -> str:
        return f"case {self.case_id} of {self.department}"

    def light(self, at: datetime) -> str:
        """Return the light at an instant that is not before its last change; "" while no clock binds an office."""
        for light in ("black", "red", "yellow", "green"):
            instant = getattr(self, f"{light}_from")
            if instant is not None and instant <= at:
                return light
        return "paused" if self.watched else ""


class _Counts(models.Model):
    """How many open cases of a department's service reach each light at an instant; -1 for one that no longer does."""

    department = models.CharField(max_length=20)
    service = models.CharField(max_length=80)
    from_at = models.DateTimeField()
    open = models.IntegerField()
    watched = models.IntegerField()
    green = models.IntegerField()
    yellow = models.IntegerField()
    red = models.IntegerField()
    black = models.IntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.department} {self.service} from {self.from_at}"


class StandingCount(_Counts):
    """Counts of standings by instant. Only the fold writes it, one at a time, so that nobody waits for a row."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["from_at", "department", "service"],
                name="standing_count_once",
                violation_error_message="A service has one count per instant.",
            ),
        ]


class StandingChange(_Counts):
    """What a transaction changed in the counts: appended, never updated, until the fold adds it up."""
