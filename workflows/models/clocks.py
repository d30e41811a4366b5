"""Clocks and timers: the facts of every time limit, and the instants at which something must happen."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from workflows.enums import ClockKind, ExtensionAuthority, LimitUnit, PauseReason
from workflows.models.calendars import CalendarVersion
from workflows.models.runs import Run


class Clock(models.Model):
    """One time limit running for a subject. `due_at` is a function of the facts, stored for the index only."""

    root = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="clocks", help_text="Whose row is the lock")
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=40)
    kind = models.CharField(max_length=24, choices=ClockKind)
    department = models.CharField(max_length=20, blank=True)
    region = models.CharField(max_length=20)
    limit_amount = models.PositiveIntegerField(help_text="0 = on the spot")
    limit_unit = models.CharField(max_length=16, choices=LimitUnit)
    extension_amount = models.PositiveIntegerField(default=0, help_text="Largest extension the rule allows, 0 = none")
    extension_authority = models.CharField(max_length=24, choices=ExtensionAuthority, blank=True)
    starts_on_event = models.CharField(max_length=40, help_text="What made it start: acceptance, receipt, decision…")
    started_at = models.DateTimeField(help_text="Its local day is day 0")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    stopped_at = models.DateTimeField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True, help_text="Empty while an open pause leaves it undecided")
    due_at = models.DateTimeField(null=True, blank=True)
    warn_at = models.DateTimeField(null=True, blank=True, help_text="From here it is yellow; a function of the facts")
    rules_number = models.PositiveIntegerField(
        default=0, help_text="Of the published threshold rules its timers follow, 0 = what the program ships"
    )
    provisional = models.BooleanField(default=False)
    calendar_version = models.ForeignKey(
        # No index: nobody asks for the clocks of a version, and a million of them change it at once.
        CalendarVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id", "kind"],
                condition=Q(stopped_at__isnull=True),
                name="clock_one_running",
                violation_error_message="A subject has one running clock of each kind.",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ClockKind.values),
                name="clock_kind_known",
                violation_error_message="This kind of clock is not known.",
            ),
            models.CheckConstraint(
                condition=Q(limit_unit__in=LimitUnit.values),
                name="clock_unit_known",
                violation_error_message="A limit counts working days, calendar days or working hours.",
            ),
            models.CheckConstraint(
                condition=Q(due_on__isnull=True, due_at__isnull=True) | Q(due_on__isnull=False, due_at__isnull=False),
                name="clock_due_day_and_instant",
                violation_error_message="A clock has a due day exactly when it has a due instant.",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True) | Q(stopped_at__gte=F("started_at")),
                name="clock_stops_after_start",
                violation_error_message="A clock cannot stop before it started.",
            ),
        ]
        indexes = [
            models.Index(fields=["subject_kind", "subject_id"], name="clock_subject"),
            models.Index(fields=["due_at"], condition=Q(stopped_at__isnull=True), name="clock_running_by_due"),
            models.Index(
                fields=["department", "due_at"],
                condition=Q(stopped_at__isnull=True),
                name="clock_running_of_department",
            ),
            # Who follows older rules still, whatever happened while newer ones were applied.
            models.Index(fields=["rules_number"], condition=Q(stopped_at__isnull=True), name="clock_running_by_rules"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject_kind} {self.subject_id}: {self.limit_amount} {self.limit_unit}"


class ClockPause(models.Model):
    """Days a clock does not count, both ends included."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="pauses")
    reason = models.CharField(max_length=20, choices=PauseReason)
    citation = models.CharField(max_length=200)
    from_on = models.DateField()
    to_on = models.DateField(null=True, blank=True, help_text="Empty while the pause lasts")
    planned_days = models.PositiveIntegerField(help_text="Working days the applicant was told it takes")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clock"],
                condition=Q(to_on__isnull=True),
                name="clock_one_open_pause",
                violation_error_message="A clock is paused once at a time.",
            ),
            models.CheckConstraint(
                condition=Q(to_on__isnull=True) | Q(to_on__gte=F("from_on")),
                name="pause_ends_after_begin",
                violation_error_message="A pause cannot end before it begins.",
            ),
            models.CheckConstraint(
                condition=~Q(citation=""),
                name="pause_is_cited",
                violation_error_message="A pause names the rule that allows it.",
            ),
            models.CheckConstraint(
                condition=Q(reason__in=PauseReason.values),
                name="pause_reason_known",
                violation_error_message="The reason of a pause comes from the closed list of the law.",
            ),
            models.CheckConstraint(
                condition=Q(planned_days__gt=0),
                name="pause_has_a_plan",
                violation_error_message="The applicant is told how many days a pause takes.",
            ),
        ]
        ordering = ["clock", "from_on", "id"]

    def __str__(self) -> str:
        return f"{self.reason} {self.from_on}..{self.to_on or ''}"


class ClockExtension(models.Model):
    """The one lengthening the law allows, with who granted it and why."""

    clock = models.OneToOneField(Clock, on_delete=models.PROTECT, related_name="extension")
    amount = models.PositiveIntegerField(help_text="In the unit of the clock's limit")
    authority = models.CharField(max_length=24, choices=ExtensionAuthority)
    reason = models.TextField()
    granted_at = models.DateTimeField()
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="extension_lengthens",
                violation_error_message="An extension lengthens the limit by at least one unit.",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="extension_has_a_reason",
                violation_error_message="The applicant is told why a limit was extended.",
            ),
        ]

    def __str__(self) -> str:
        return f"+{self.amount} by {self.authority}"


class ClockRecomputation(models.Model):
    """The record that a due day moved because the calendar changed, and from what to what."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="recomputations")
    calendar_version = models.ForeignKey(
        CalendarVersion, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    due_at_before = models.DateTimeField(null=True)
    due_at_after = models.DateTimeField(null=True)
    provisional_before = models.BooleanField()
    provisional_after = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["clock", "at", "id"]

    def __str__(self) -> str:
        return f"clock {self.clock_id}: {self.due_at_before} → {self.due_at_after}"


class Timer(models.Model):
    """Something that must happen at or after an instant, once. The row is the truth; a message only hurries it."""

    root = models.ForeignKey(
        Run, on_delete=models.PROTECT, related_name="timers", db_index=False, help_text="Whose row is the lock"
    )
    subject_kind = models.CharField(max_length=40, help_text="clock, or node for a timer drawn in a process")
    subject_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=24, help_text="Code of a threshold; event or limit of a node")
    round = models.PositiveIntegerField(default=1)
    due_at = models.DateTimeField()
    fired_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    payload = models.JSONField(default=dict, help_text="Codes and row numbers, never personal values")
    failures = models.PositiveIntegerField(default=0)
    postponed_until = models.DateTimeField(null=True, blank=True, help_text="After a failure: not tried before this")
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id", "kind", "round"],
                name="timer_once_per_round",
                violation_error_message="A subject has one timer of each kind per round.",
            ),
            models.CheckConstraint(
                condition=Q(fired_at__isnull=True) | Q(fired_at__gte=F("due_at")),
                name="timer_not_early",
                violation_error_message="A timer fires at or after its instant, never before.",
            ),
            models.CheckConstraint(
                condition=Q(fired_at__isnull=True) | Q(cancelled_at__isnull=True),
                name="timer_fired_or_cancelled",
                violation_error_message="A timer that has fired cannot be cancelled, nor the reverse.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(fired_at__isnull=True, cancelled_at__isnull=True),
                name="timer_pending",
            ),
            models.Index(
                fields=["root", "due_at", "id"],
                condition=Q(fired_at__isnull=True, cancelled_at__isnull=True),
                name="timer_pending_of_root",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject_kind} {self.subject_id} at {self.due_at}"
