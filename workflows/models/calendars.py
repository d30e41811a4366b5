"""A region's working calendar, versioned: what was announced, and what an administrator added."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from workflows.enums import CalendarDayKind


class CalendarDay(models.Model):
    """A day that is not what its weekday says. What is not listed is a working day or a weekend."""

    region = models.CharField(max_length=20)
    date = models.DateField()
    kind = models.CharField(max_length=12, choices=CalendarDayKind)
    name_zh = models.CharField(max_length=200, blank=True)
    name_en = models.CharField(max_length=200, blank=True)
    confirmed = models.BooleanField(help_text="False while the authority has not announced it")
    source = models.CharField(max_length=200, help_text="The notice, or the program that supplied it")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["region", "date"],
                name="calendar_day_once",
                violation_error_message="A region's calendar lists a day once.",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=CalendarDayKind.values),
                name="calendar_day_kind_known",
                violation_error_message="This kind of day is not known.",
            ),
        ]
        ordering = ["region", "date"]

    def __str__(self) -> str:
        return f"{self.region} {self.date} {self.kind}"


class CalendarVersion(models.Model):
    """One state of a region's calendar. Every change makes a new one; clocks name the version they were computed by."""

    region = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    announced_from = models.PositiveSmallIntegerField(help_text="First year whose notice is published")
    announced_through = models.PositiveSmallIntegerField(help_text="Last year whose notice is published")
    office_hours = models.JSONField(help_text='Open spans of a working day: [["09:00", "12:00"], ["13:00", "17:00"]]')
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
                violation_error_message="This version of the calendar exists already.",
            ),
            models.CheckConstraint(
                condition=Q(announced_through__gte=F("announced_from")),
                name="calendar_announced_years_in_order",
                violation_error_message="The last announced year is not before the first one.",
            ),
        ]
        ordering = ["region", "-number"]

    def __str__(self) -> str:
        return f"{self.region} v{self.number}"
