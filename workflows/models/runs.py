"""Definitions and runs: what may happen, and where each case stands."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from workflows.enums import OPEN_TASK_STATES, DefinitionState, JobState, RunState, TaskState


class ProcessDefinition(models.Model):
    """One published version of a BPMN process. Runs stay pinned to the version they began with."""

    key = models.SlugField(max_length=80)
    version = models.PositiveIntegerField()
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    source = models.TextField(help_text="The BPMN 2.0 XML as it was published")
    checksum = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=DefinitionState, default=DefinitionState.PUBLISHED)
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key", "version"],
                name="process_version_once",
                violation_error_message="This version of the process exists already.",
            ),
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(state=DefinitionState.PUBLISHED),
                name="process_one_published",
                violation_error_message="A process has one published version at a time.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"


class Run(models.Model):
    """One process being carried out. `root` is the run at the top; its row is the lock of everything below it."""

    definition = models.ForeignKey(ProcessDefinition, on_delete=models.PROTECT, related_name="runs")
    root = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="descendants")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    parent_node = models.CharField(max_length=80, blank=True)
    parent_round = models.PositiveIntegerField(default=0)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.ACTIVE)
    marking = models.JSONField(default=dict)
    data = models.JSONField(default=dict, help_text="What conditions read; never personal values")
    outcome = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField(default=0, help_text="How many transitions this run has made")
    history_length = models.PositiveIntegerField(default=0, help_text="Of the root: rows in the history")
    history_head = models.BinaryField(default=bytes, help_text="Of the root: hash of the last history row")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "parent_node", "parent_round"],
                condition=Q(parent__isnull=False),
                name="run_called_once",
                violation_error_message="A call activity starts its child once per round.",
            ),
            models.CheckConstraint(
                condition=Q(state=RunState.ENDED, ended_at__isnull=False)
                | Q(state=RunState.ACTIVE, ended_at__isnull=True),
                name="run_end_has_an_instant",
                violation_error_message="A run has an end instant exactly when it has ended.",
            ),
        ]
        indexes = [models.Index(fields=["subject_kind", "subject_id"], name="run_subject")]

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id} ({self.state})"

    @property
    def root_key(self) -> int:
        """Primary key of the run whose row is this run's lock."""
        return self.root_id or self.pk


class Task(models.Model):
    """Work for a post: a department and a role. A person holds it only while she has claimed it."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="tasks")
    root = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="all_tasks")
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=40)
    node = models.CharField(max_length=80)
    round = models.PositiveIntegerField()
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    department = models.CharField(max_length=20, blank=True)
    role = models.CharField(max_length=20)
    outcomes = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=TaskState, default=TaskState.READY)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="tasks"
    )
    outcome = models.CharField(max_length=40, blank=True)
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="Copied from the clock that presses most, for sorting"
    )
    opened_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="closed_tasks"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "node", "round"],
                name="task_once_per_round",
                violation_error_message="A task is opened once per round.",
            ),
            models.CheckConstraint(
                condition=~Q(state=TaskState.CLAIMED) | Q(assignee__isnull=False),
                name="task_claimed_by_somebody",
                violation_error_message="A claimed task names who holds it.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_TASK_STATES, closed_at__isnull=True)
                | (~Q(state__in=OPEN_TASK_STATES) & Q(closed_at__isnull=False)),
                name="task_closed_has_an_instant",
                violation_error_message="A task has a closing instant exactly when it is closed.",
            ),
        ]
        indexes = [
            models.Index(
                "department",
                "role",
                F("due_at").asc(nulls_last=True),
                "id",
                condition=Q(state__in=OPEN_TASK_STATES),
                name="task_inbox",
            ),
            models.Index(fields=["subject_kind", "subject_id"], name="task_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.node}#{self.round} ({self.state})"


class Job(models.Model):
    """A service task owed to a worker. The row is the truth; a Celery message is only a hint to look here."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="jobs")
    root = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="all_jobs")
    node = models.CharField(max_length=80)
    round = models.PositiveIntegerField()
    action = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=200, blank=True)
    queued_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "node", "round"],
                name="job_once_per_round",
                violation_error_message="A service task is owed once per round.",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state=JobState.QUEUED), name="job_due"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.run_id}:{self.node}#{self.round} ({self.state})"

    @property
    def key(self) -> str:
        """The idempotency key handed to the action: the same for every attempt."""
        return f"{self.run_id}:{self.node}:{self.round}"


class HistoryEvent(models.Model):
    """One fact of a case, never changed: the database refuses UPDATE, DELETE and TRUNCATE on this table.

    Each row carries the hash of the one before it in the same root run, so that a missing or altered row shows.
    """

    root = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="history")
    seq = models.PositiveIntegerField()
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="own_history")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=40)
    detail = models.JSONField(default=dict, help_text="Codes and row numbers, never personal values")
    previous_hash = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["root", "seq"],
                name="history_in_order",
                violation_error_message="The history of a case has one row per place.",
            ),
        ]
        ordering = ["root", "seq"]

    def __str__(self) -> str:
        return f"{self.root_id}/{self.seq} {self.kind}"
