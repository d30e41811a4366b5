"""Working calendars: who oversees looks, an administrator acts. Nothing is published before its effect was shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.oversight.access import calendar_keepers_only, calendar_readers_only
from portal.oversight.calendar_forms import DayForm, HoursForm, ImportForm, RegionForm, WithdrawForm
from portal.oversight.rail import rail
from portal.oversight.year_view import WEEKDAYS, months_of
from services.cases.permissions import oversees
from workflows.models import CalendarRegion, CalendarVersion
from workflows.operations.calendar_files import CalendarError
from workflows.operations.calendar_previews import preview
from workflows.operations.calendars import (
    add_region,
    enter_calendar_day,
    import_notice,
    set_office_hours,
    withdraw_calendar_day,
)
from workflows.queries.calendars import calendar_of, days_of, home_region, hours_of, newest_version
from workflows.queries.recomputations import progress_of, recomputations

SHOWN_VERSIONS, SHOWN_JOBS = 20, 5
Change = Callable[[], CalendarVersion | None]


@require_safe
@calendar_readers_only
def home(request: HttpRequest, *, at: datetime, keeps: bool) -> HttpResponse:
    """Lead to the calendar of this city, or to the first there is."""
    region = CalendarRegion.objects.filter(pk=home_region()).first() or CalendarRegion.objects.first()
    if region is None:
        return render(request, "oversight/calendar_none.html", {"rail": _rail(request, at), "keys": []})
    return redirect("oversight:calendar", region.code)


@require_safe
@calendar_readers_only
def year(request: HttpRequest, region: str, *, at: datetime, keeps: bool) -> HttpResponse:
    """Show a year of a region's calendar as it stands, its versions, and the jobs that followed from them."""
    place = get_object_or_404(CalendarRegion, pk=region)
    version = newest_version(place.code)
    if version is None:
        raise Http404
    calendar = calendar_of(version)
    today = at.astimezone(calendar.zone).date()
    shown = _year(request.GET.get("year", ""), calendar.first_year, calendar.last_year) or today.year
    days = [day for day in days_of(version) if day.date.year == shown]
    jobs = recomputations().filter(version__region__in=_around(place))[:SHOWN_JOBS]
    context = {
        "place": place,
        "regions": CalendarRegion.objects.all(),
        "version": version,
        "year": shown,
        "earlier": shown - 1 if shown > calendar.first_year else None,
        "later": shown + 1 if shown < calendar.last_year else None,
        "provisional": shown not in calendar.announced_years,
        "months": months_of(calendar, shown, today=today),
        "weekdays": WEEKDAYS,
        "days": days,
        "hours": hours_of(version),
        "versions": place.versions.select_related("published_by", "parent__region")[:SHOWN_VERSIONS],
        "jobs": [progress_of(job) for job in jobs],
        "keeps": keeps,
        "rail": _rail(request, at),
        "keys": [],
    }
    return render(request, "oversight/calendar.html", context)


def _around(place: CalendarRegion) -> list[str]:
    codes = [place.code]
    while place.parent is not None:
        place = place.parent
        codes.append(place.code)
    return codes


def _year(text: str, first: int, last: int) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) == len("2026") else 0
    return number if first <= number <= last else None


@require_http_methods(["GET", "POST"])
@calendar_keepers_only
def import_file(request: HttpRequest, region: str, *, at: datetime) -> HttpResponse:
    """Import a notice: read it, show what it would change, publish it."""
    place = get_object_or_404(CalendarRegion, pk=region)
    form = ImportForm(*_posted(request, files=True))

    def change() -> CalendarVersion | None:
        source = form.cleaned_data["source"]
        return import_notice(region=place.code, notice=form.notice, source=source, by=request.user, at=at)

    return _asked(request, place, form, change, title=_("Import a notice"), at=at)


@require_http_methods(["GET", "POST"])
@calendar_keepers_only
def enter(request: HttpRequest, region: str, *, at: datetime) -> HttpResponse:
    """Enter one day, say a closure for snow."""
    place = get_object_or_404(CalendarRegion, pk=region)
    form = DayForm(*_posted(request))

    def change() -> CalendarVersion | None:
        source = form.cleaned_data["source"]
        return enter_calendar_day(region=place.code, day=form.day, source=source, by=request.user, at=at)

    return _asked(request, place, form, change, title=_("Enter a day"), at=at)


@require_http_methods(["GET", "POST"])
@calendar_keepers_only
def withdraw(request: HttpRequest, region: str, on: str, *, at: datetime) -> HttpResponse:
    """Take back what this region entered for a day."""
    place = get_object_or_404(CalendarRegion, pk=region)
    try:
        day = place.days.filter(date=date.fromisoformat(on), until__isnull=True).first()
    except ValueError:
        raise Http404 from None
    if day is None:
        messages.info(request, _("Nothing is entered for this day."))
        return redirect("oversight:calendar", place.code)
    form = WithdrawForm(*_posted(request))

    def change() -> CalendarVersion | None:
        source = form.cleaned_data["source"]
        return withdraw_calendar_day(region=place.code, on=day.date, source=source, by=request.user, at=at)

    return _asked(request, place, form, change, title=_("Take a day back"), at=at, day=day)


@require_http_methods(["GET", "POST"])
@calendar_keepers_only
def hours(request: HttpRequest, region: str, *, at: datetime) -> HttpResponse:
    """Set when offices are open."""
    place = get_object_or_404(CalendarRegion, pk=region)
    form = HoursForm(*_posted(request))

    def change() -> CalendarVersion | None:
        note = form.cleaned_data["source"]
        return set_office_hours(region=place.code, spans=form.spans, note=note, by=request.user, at=at)

    return _asked(request, place, form, change, title=_("Set the office hours"), at=at)


@require_http_methods(["GET", "POST"])
@calendar_keepers_only
def add(request: HttpRequest, region: str, *, at: datetime) -> HttpResponse:
    """Add a region that lies in this one."""
    place = get_object_or_404(CalendarRegion, pk=region)
    form = RegionForm(*_posted(request))

    def change() -> CalendarVersion | None:
        added = add_region(**form.cleaned_data, parent=place.code, by=request.user, at=at)
        return newest_version(added.code)

    return _asked(request, place, form, change, title=_("Add a region"), at=at)


def _posted(request: HttpRequest, *, files: bool = False) -> tuple[Any, ...]:
    if request.method != "POST":
        return ()
    return (request.POST, request.FILES) if files else (request.POST,)


def _asked(
    request: HttpRequest,
    place: CalendarRegion,
    form: forms.Form,
    change: Change,
    *,
    title: str,
    at: datetime,
    **more: Any,
) -> HttpResponse:
    """Show the form; then what it would change, with the same form hidden; then do it. Doing it twice does it once."""
    context: dict[str, Any] = {"place": place, "title": title, "form": form, "rail": _rail(request, at), "keys": []}
    if request.method == "POST" and form.is_valid():
        try:
            if "publish" in request.POST:
                return _published(request, place, change())
            context |= {"preview": preview(change), "looked": True, "hidden": _hidden(form)}
        except CalendarError as error:
            form.add_error(None, str(error))
    return render(request, "oversight/calendar_change.html", {**context, **more})


def _published(request: HttpRequest, place: CalendarRegion, version: CalendarVersion | None) -> HttpResponse:
    if version is None:
        messages.info(request, _("Nothing has changed: the calendar says this already."))
    else:
        messages.success(
            request,
            _("Version %(number)s is published. Open time limits are being computed anew; see below how far it is.")
            % {"number": version.number},
        )
    return redirect("oversight:calendar", version.region_id if version is not None else place.code)


def _hidden(form: forms.Form) -> dict[str, Any]:
    """Return what the form holds, to be sent once more: the file's text in place of the file."""
    return {
        name: value.strftime("%H:%M") if hasattr(value, "hour") else value
        for name, value in form.cleaned_data.items()
        if name != "file" and value not in (None, "")
    }


def _rail(request: HttpRequest, at: datetime) -> list[dict[str, Any]]:
    return rail("calendars", oversees=oversees(request.user, at))
