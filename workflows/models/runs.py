"""Definitions and runs: what may happen, and where each case stands."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from workflows.enums import (
    OPEN_RUN_STATES,
    OPEN_TASK_STATES,
    DefinitionState,
    JobState,
    ListenKind,
    RunState,
    TaskState,
)
from workflows.models.fields import TextJSONField


class ProcessDefinition(models.Model):
    """One version of a BPMN process, or its draft. Runs stay pinned to the version they began with.

    The database refuses every change of a published version but that of its state.
    """

    key = models.SlugField(max_length=80)
    version = models.PositiveIntegerField(null=True, help_text="Empty while it is a draft")
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    source = models.TextField(help_text="The BPMN 2.0 XML as it was published")
    checksum = models.CharField(max_length=64, help_text="SHA-256 of the source")
    state = models.CharField(max_length=10, choices=DefinitionState, default=DefinitionState.PUBLISHED)
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key", "version"],
                name="process_version_once",
                violation_error_message="This version of the process exists already.",
            ),
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(state=DefinitionState.DRAFT),
                name="process_one_draft",
                violation_error_message="A process has one draft at a time.",
            ),
            models.CheckConstraint(
                condition=Q(state=DefinitionState.DRAFT, version__isnull=True, published_at__isnull=True)
                | (~Q(state=DefinitionState.DRAFT) & Q(version__isnull=False, published_at__isnull=False)),
                name="process_numbered_when_published",
                violation_error_message="A published process has a number and an instant, a draft has neither.",
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

    definition = models.ForeignKey(ProcessDefinition, on_delete=models.PROTECT, related_name="runs", db_index=False)
    root = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="descendants")
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", db_index=False
    )
    parent_node = models.CharField(max_length=80, blank=True)
    parent_round = models.PositiveIntegerField(default=0)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.ACTIVE)
    marking = models.JSONField(default=dict)
    data = models.JSONField(default=dict, help_text="What it was started with; never personal values")
    learned = TextJSONField(default=dict, help_text="What its steps added, so that none rewrites what was given")
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
                | Q(state__in=OPEN_RUN_STATES, ended_at__isnull=True),
                name="run_end_has_an_instant",
                violation_error_message="A run has an end instant exactly when it has ended.",
            ),
        ]
        indexes = [
            models.Index(fields=["subject_kind", "subject_id"], name="run_subject"),
            models.Index(fields=["definition"], condition=~Q(state=RunState.ENDED), name="run_open_of_definition"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id} ({self.state})"

    @property
    def known(self) -> dict[str, Any]:
        """What conditions and actions read: what was given, and what the steps added."""
        return {**self.data, **self.learned}

    @property
    def root_key(self) -> int:
        """Primary key of the run whose row is this run's lock."""
        return self.root_id or self.pk


class Task(models.Model):
    """Work for a post: a department and a role. A person holds it only while she has claimed it."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="tasks", db_index=False)
    root = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="all_tasks", db_index=False)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=40)
    node = models.CharField(max_length=80)
    round = models.PositiveIntegerField()
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    department = models.CharField(max_length=20, blank=True)
    role = models.CharField(max_length=20)
    outcomes = models.JSONField(default=list, help_text="What it may end with while it is open; empty afterwards")
    state = models.CharField(max_length=10, choices=TaskState, default=TaskState.READY)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tasks",
        db_index=False,
    )
    outcome = models.CharField(max_length=40, blank=True)
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="Its own limit's end, or copied from the clock that presses most"
    )
    opened_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="closed_tasks",
        db_index=False,
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
            models.Index(fields=["assignee"], condition=Q(state=TaskState.CLAIMED), name="task_held_by"),
        ]

    def __str__(self) -> str:
        return f"{self.node}#{self.round} ({self.state})"


class Job(models.Model):
    """A service task owed to a worker. The row is the truth; a Celery message is only a hint to look here."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="jobs", db_index=False)
    root = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="all_jobs", db_index=False)
    node = models.CharField(max_length=80)
    round = models.PositiveIntegerField()
    action = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True, help_text="Why a manager skipped it")
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


class Subscription(models.Model):
    """A run that waits for a message or a signal. The row goes with the wait; the history keeps that it was."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="subscriptions", db_index=False)
    root = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="all_subscriptions", db_index=False)
    node = models.CharField(max_length=80)
    round = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=ListenKind)
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=200, blank=True, help_text="Which message of this name; empty: any")
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "node", "round"],
                name="subscription_once_per_round",
                violation_error_message="An event listens once per round.",
            ),
        ]
        indexes = [models.Index(fields=["kind", "name", "key", "id"], name="subscription_by_name")]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.node}#{self.round} waits for {self.kind} {self.name}"


class Message(models.Model):
    """A message or signal on its way to the runs that wait for it.

    A message reaches one run, also one that begins to wait only later, until it expires. A signal reaches every run
    that waited when it was sent; `reached` is the last subscription that got it, so that a crash repeats none.
    """

    kind = models.CharField(max_length=10, choices=ListenKind)
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict, help_text="Joins the run's data; never personal values")
    unique_key = models.CharField(  # noqa: DJ001 -- what has no number of its own is not unique by having none
        max_length=200, null=True, unique=True, help_text="The same message twice is once"
    )
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="A message nobody waited for until then is given up")
    reached = models.PositiveBigIntegerField(default=0)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["kind", "name", "key", "id"], condition=Q(closed_at__isnull=True), name="message_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.key}"


class StartEvent(models.Model):
    """What starts a run of a published process by itself: a message, a signal, or an instant."""

    definition = models.ForeignKey(ProcessDefinition, on_delete=models.CASCADE, related_name="start_events")
    node = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=ListenKind)
    name = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, help_text="Of a timer that has not fired for the last time")
    fired = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["definition", "node"],
                name="start_event_once",
                violation_error_message="A start event listens once.",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "name"], name="start_event_by_name"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="start_event_due"),
        ]

    def __str__(self) -> str:
        return f"{self.definition_id}:{self.node} ({self.kind} {self.name})"


class HistoryEvent(models.Model):
    """One fact of a case, never changed: the database refuses UPDATE, DELETE and TRUNCATE on this table.

    Each row's hash covers the hash of the row before it in the same root run, so that a missing or altered row shows.
    """

    pk = models.CompositePrimaryKey("root_id", "seq")
    root = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="history", db_index=False)
    seq = models.PositiveIntegerField()
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="own_history", db_index=False)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=40)
    detail = TextJSONField(default=dict, help_text="Codes and row numbers, never personal values")
    hash = models.BinaryField()

    class Meta:
        ordering = ["root", "seq"]

    def __str__(self) -> str:
        return f"{self.root_id}/{self.seq} {self.kind}"
