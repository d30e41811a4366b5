"""Closed sets of the workflows."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class DefinitionState(models.TextChoices):
    """A version's life. Published versions are immutable."""

    DRAFT = "draft", _("draft")
    PUBLISHED = "published", _("published")
    RETIRED = "retired", _("retired")


class RunState(models.TextChoices):
    """Whether a run still moves. A suspended one is held as it stands until it is resumed."""

    ACTIVE = "active", _("in progress")
    SUSPENDED = "suspended", _("suspended")
    ENDED = "ended", _("ended")


class TaskState(models.TextChoices):
    """A task's life: ready for anybody of the post, claimed by one, done or taken away."""

    READY = "ready", _("waiting")
    CLAIMED = "claimed", _("being handled")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("no longer needed")


class ListenKind(models.TextChoices):
    """What a subscription waits for; the same words as `engine.graph.Trigger`."""

    MESSAGE = "message", _("message")
    SIGNAL = "signal", _("signal")
    TIMER = "timer", _("timer")


class JobState(models.TextChoices):
    """A service task's life. An incident waits for a manager."""

    QUEUED = "queued", _("queued")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("no longer needed")
    SKIPPED = "skipped", _("skipped")
    INCIDENT = "incident", _("needs a manager")


OPEN_TASK_STATES = (TaskState.READY, TaskState.CLAIMED)
OPEN_RUN_STATES = (RunState.ACTIVE, RunState.SUSPENDED)


class LimitUnit(models.TextChoices):
    """What a time limit counts; the same words as `clocks.Unit`."""

    WORKING_DAYS = "working_days", _("working days")
    CALENDAR_DAYS = "calendar_days", _("calendar days")
    WORKING_HOURS = "working_hours", _("working hours")


class ClockKind(models.TextChoices):
    """What a clock measures; its default rules are in `clocks.rules.KINDS`."""

    PRE_CHECK = "pre_check", _("Pre-check")
    ONE_TIME_NOTICE = "one_time_notice", _("One-time notice")
    STAGE = "stage", _("Stage")
    PROMISED = "promised", _("Promised limit")
    STATUTORY = "statutory", _("Statutory limit")
    JOINT = "joint", _("Joint handling")
    DELIVERY = "delivery", _("Delivery")
    CORRECTION = "correction", _("Applicant's correction")
    DEFERRED_DOCUMENTS = "deferred_documents", _("Deferred documents")
    RATING_CONTACT = "rating_contact", _("First contact after a bad rating")
    RATING_RECTIFICATION = "rating_rectification", _("Rectification of a bad rating")
    SUPERVISION_REPLY = "supervision_reply", _("Reply to a supervision order")
    RENEWAL = "renewal", _("Renewal")
    POST_PERMIT_CHECK = "post_permit_check", _("Post-permit check")
    HEARING = "hearing", _("Hearing")
    PUBLICITY = "publicity", _("Publicity")


class PauseReason(models.TextChoices):
    """Whose time the law does not count: the closed list of art. 45, or a service's own cited rule."""

    HEARING = "hearing", _("hearing")
    TENDER = "tender", _("tender")
    AUCTION = "auction", _("auction")
    INSPECTION = "inspection", _("laboratory or product inspection")
    TESTING = "testing", _("testing")
    QUARANTINE = "quarantine", _("quarantine")
    APPRAISAL = "appraisal", _("appraisal")
    EXPERT_REVIEW = "expert_review", _("expert review")
    SERVICE_RULE = "service_rule", _("a rule of this service")


class ExtensionAuthority(models.TextChoices):
    """Who the law names to lengthen a limit (art. 42)."""

    HEAD = "head_of_department", _("the head of the department")
    GOVERNMENT = "peoples_government", _("the people's government of this level")


class CalendarDayKind(models.TextChoices):
    """Why a day counts or does not; the same words as `clocks.DayKind`."""

    WORKDAY = "workday", _("working day")
    WEEKEND = "weekend", _("weekend")
    HOLIDAY = "holiday", _("public holiday")
    SUBSTITUTE = "substitute", _("day off in lieu")
    MAKEUP = "makeup", _("make-up working day")
    CLOSURE = "closure", _("offices closed")


class LightColour(models.TextChoices):
    """How pressing a clock is; the same words as `clocks.Light`."""

    GREEN = "green", _("in time")
    YELLOW = "yellow", _("due soon")
    RED = "red", _("past the promised limit")
    BLACK = "black", _("past the statutory limit")
    PAUSED = "paused", _("paused by law")
