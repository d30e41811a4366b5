"""Django admin of the workflows: to look at only. Calendars are changed on their own page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from workflows.models import CalendarDay, CalendarVersion, Clock, Timer

if TYPE_CHECKING:
    ReadOnlyBase = admin.ModelAdmin[Any]
else:
    ReadOnlyBase = admin.ModelAdmin


class ReadOnlyAdmin(ReadOnlyBase):
    """What only operations change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes rows by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes rows by hand."""
        return False


@admin.register(CalendarDay)
class CalendarDayAdmin(ReadOnlyAdmin):
    """The days of all versions; they are entered and taken back on the calendar's page."""

    list_display = ("date", "region", "kind", "name_zh", "name_en", "confirmed", "source", "since", "until")
    list_filter = ("region", "kind", "confirmed")
    date_hierarchy = "date"
    ordering = ("-date",)


@admin.register(CalendarVersion)
class CalendarVersionAdmin(ReadOnlyAdmin):
    """The versions of each region's calendar."""

    list_display = ("region", "number", "announced_from", "announced_through", "note", "published_at", "published_by")


@admin.register(Clock)
class ClockAdmin(ReadOnlyAdmin):
    """Clocks, the most urgent first."""

    list_display = (
        "kind",
        "subject_kind",
        "subject_id",
        "department",
        "started_at",
        "due_at",
        "provisional",
        "stopped_at",
    )
    list_filter = ("kind", "department", "provisional")
    ordering = ("due_at", "id")


@admin.register(Timer)
class TimerAdmin(ReadOnlyAdmin):
    """Timers; those that failed show how often and why."""

    list_display = (
        "kind",
        "subject_kind",
        "subject_id",
        "due_at",
        "fired_at",
        "cancelled_at",
        "failures",
        "last_error",
    )
    list_filter = ("kind",)
    ordering = ("due_at", "id")
