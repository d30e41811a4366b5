"""Working calendars: a region adds to its parent's days, and every change is a version that can be built again."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from workflows.enums import CalendarDayKind


class CalendarRegion(models.Model):
    """Whose calendar it is: the nation, a province, a city, a district. Days of the parent hold here as well."""

    code = models.CharField(_("code"), primary_key=True, max_length=20)
    name_zh = models.CharField(_("name in Chinese"), max_length=100)
    name_en = models.CharField(_("name in English"), max_length=100)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("code")),
                name="calendar_region_not_its_own_parent",
                violation_error_message=_("A region cannot lie in itself."),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CalendarDay(models.Model):
    """A day that is not what its weekday says, as some versions of a region's calendar list it.

    What is not listed is as the parent region has it: a working day or a weekend in the end. A row never changes but
    for its end: what replaces it is a row of its own, so that every version can be built again as it was.
    """

    region = models.ForeignKey(CalendarRegion, on_delete=models.PROTECT, db_column="region", related_name="days")
    date = models.DateField()
    kind = models.CharField(max_length=12, choices=CalendarDayKind)
    name_zh = models.CharField(max_length=200, blank=True)
    name_en = models.CharField(max_length=200, blank=True)
    confirmed = models.BooleanField(help_text="False while the authority has not announced it")
    source = models.CharField(max_length=200, help_text="The notice, or the program that supplied it")
    since = models.PositiveIntegerField(help_text="Number of the region's version that first lists it")
    until = models.PositiveIntegerField(
        null=True, blank=True, help_text="Number of the version that lists it no more; empty while it stands"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["region", "date"],
                condition=Q(until__isnull=True),
                name="calendar_day_once",
                violation_error_message=_("A region's calendar lists a day once."),
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")),
                name="calendar_day_stood_for_a_version",
                violation_error_message=_("A day stands in one version at least."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=CalendarDayKind.values),
                name="calendar_day_kind_known",
                violation_error_message=_("This kind of day is not known."),
            ),
        ]
        indexes = [models.Index(fields=["region", "since"], name="calendar_day_of_version")]
        ordering = ["region", "date"]

    def __str__(self) -> str:
        return f"{self.region_id} {self.date} {self.kind}"


class CalendarVersion(models.Model):
    """One state of a region's calendar, never changed. Clocks name the version they were computed by."""

    region = models.ForeignKey(CalendarRegion, on_delete=models.PROTECT, db_column="region", related_name="versions")
    number = models.PositiveIntegerField()
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Version of the parent region whose days it begins with",
    )
    announced_from = models.PositiveSmallIntegerField(help_text="First year whose notice is published")
    announced_through = models.PositiveSmallIntegerField(help_text="Last year whose notice is published")
    office_hours = models.JSONField(
        null=True,
        blank=True,
        help_text='Open spans of a working day: [["09:00", "12:00"], ["13:00", "17:00"]]; empty: those of the parent',
    )
    time_zone = models.CharField(max_length=40, default="Asia/Shanghai")
    note = models.CharField(max_length=300, blank=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["region", "number"],
                name="calendar_version_once",
                violation_error_message=_("This version of the calendar exists already."),
            ),
            models.CheckConstraint(
                condition=Q(announced_through__gte=F("announced_from")),
                name="calendar_announced_years_in_order",
                violation_error_message=_("The last announced year is not before the first one."),
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=False) | Q(office_hours__isnull=False),
                name="calendar_version_has_hours",
                violation_error_message=_("A calendar without a parent says when offices are open."),
            ),
        ]
        ordering = ["region", "-number"]

    def __str__(self) -> str:
        return f"{self.region_id} v{self.number}"


class CalendarRecomputation(models.Model):
    """The audited job that recomputes the open clocks of a region, and of those below it, by a new version.

    It is carried out slice by slice, by whoever comes; the counts are the sum of its slices.
    """

    version = models.OneToOneField(CalendarVersion, on_delete=models.PROTECT, related_name="recomputation")
    queued_at = models.DateTimeField()
    queued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(
        null=True, blank=True, help_text="When somebody began with it, after the change was there to be read"
    )
    regions = models.JSONField(default=list, help_text="Of the clocks it is about, known when its slices were cut")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(finished_at__isnull=True), name="calendar_recomputation_open"),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"recomputation by {self.version_id}"


class RecomputationSlice(models.Model):
    """A range of rows that one transaction looks at. `left`: those whose case somebody else held meanwhile."""

    job = models.ForeignKey(CalendarRecomputation, on_delete=models.CASCADE, related_name="slices")
    about = models.CharField(max_length=8, choices=[("clock", _("time limits")), ("timer", _("limits of tasks"))])
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    left = models.JSONField(null=True, blank=True, help_text="Row numbers that still wait; empty before the first try")
    looked_at = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0, help_text="Written anew: the day, the hour or whether it is sure")
    moved = models.PositiveIntegerField(default=0, help_text="Of these: another day than before")
    confirmed = models.PositiveIntegerField(default=0, help_text="Of these: provisional before, final now")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["job", "about", "first"],
                name="recomputation_slice_once",
                violation_error_message=_("A range is looked at once."),
            ),
        ]
        indexes = [
            models.Index(fields=["job", "id"], condition=Q(done_at__isnull=True), name="recomputation_slice_open"),
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.about} {self.first}..{self.last}"
