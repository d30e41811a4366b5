"""Django admin of the workflows: the calendar can be corrected here; clocks and timers only be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from workflows.clocks import DayKind, SpecialDay
from workflows.models import CalendarDay, CalendarVersion, Clock, Timer
from workflows.operations.calendars import CalendarError, enter_calendar_day, withdraw_calendar_day
from workflows.queries.calendars import database_now

if TYPE_CHECKING:
    CalendarDayAdminBase = admin.ModelAdmin[CalendarDay]
    ReadOnlyBase = admin.ModelAdmin[Any]
else:
    CalendarDayAdminBase = ReadOnlyBase = admin.ModelAdmin


@admin.register(CalendarDay)
class CalendarDayAdmin(CalendarDayAdminBase):
    """Days an administrator enters. Saving makes a new version of the calendar and recomputes the running clocks."""

    list_display = ("date", "region", "kind", "name_zh", "name_en", "confirmed", "source")
    list_filter = ("region", "kind", "confirmed")
    date_hierarchy = "date"
    ordering = ("-date",)

    def get_readonly_fields(self, request: HttpRequest, obj: CalendarDay | None = None) -> tuple[str, ...]:
        """A day is entered once: to move it, take it back and enter the other one."""
        return ("region", "date") if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: CalendarDay, form: ModelForm[CalendarDay], change: bool) -> None:
        """Enter the day through the operation, which also recomputes what depends on it."""
        day = SpecialDay(
            on=obj.date, kind=DayKind(obj.kind), name_zh=obj.name_zh, name_en=obj.name_en, confirmed=obj.confirmed
        )
        try:
            enter_calendar_day(region=obj.region, day=day, source=obj.source, by=_user(request), at=database_now())
            obj.pk = CalendarDay.objects.get(region=obj.region, date=obj.date).pk
        except CalendarError as error:
            self.message_user(request, str(error), messages.ERROR)

    def delete_model(self, request: HttpRequest, obj: CalendarDay) -> None:
        """Take the day back through the operation."""
        self.delete_queryset(request, CalendarDay.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CalendarDay]) -> None:
        """Take days back, each as a version of its own."""
        for day in queryset:
            withdraw_calendar_day(region=day.region, on=day.date, source="admin", by=_user(request), at=database_now())


def _user(request: HttpRequest) -> Any:
    """Return who is signed in; the admin lets nobody else in."""
    return request.user


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
