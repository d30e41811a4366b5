"""Closed sets of the workflows."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DefinitionState(models.TextChoices):
    """A process version's life. Published versions are immutable."""

    PUBLISHED = "published", _("published")
    RETIRED = "retired", _("retired")


class RunState(models.TextChoices):
    """Whether a run still moves."""

    ACTIVE = "active", _("in progress")
    ENDED = "ended", _("ended")


class TaskState(models.TextChoices):
    """A task's life: ready for anybody of the post, claimed by one, done or taken away."""

    READY = "ready", _("waiting")
    CLAIMED = "claimed", _("being handled")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("no longer needed")


class JobState(models.TextChoices):
    """A service task's life. An incident waits for a manager."""

    QUEUED = "queued", _("queued")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("no longer needed")
    INCIDENT = "incident", _("needs a manager")


OPEN_TASK_STATES = (TaskState.READY, TaskState.CLAIMED)
