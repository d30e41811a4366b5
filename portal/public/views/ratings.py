"""What people say of the city's services, for everybody; and the tablet on which a visitor rates."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from portal.rating import LevelForm, level_links
from services.parties.queries import department_by_code
from services.ratings.enums import Level
from services.ratings.models import Visit
from services.ratings.operations.rating import RatingError, rate_visit
from services.ratings.queries.statistics import SMALLEST_SAMPLE, satisfaction, together
from workflows.queries.calendars import database_now

SPAN = timedelta(days=365)


@login_not_required
@require_safe
def summary(request: HttpRequest) -> HttpResponse:
    """Publish satisfaction by department: denominators beside every share, small samples hidden."""
    at = database_now()
    rows = satisfaction(since=at - SPAN, until=at)
    context = {"rows": rows, "all": together(rows, department_by_code("ZWB")), "smallest": SMALLEST_SAMPLE}
    return render(request, "public/ratings.html", context)


@login_not_required
@require_http_methods(["GET", "POST"])
def visit(request: HttpRequest, code: str) -> HttpResponse:
    """Rate a visit on the tablet at the window, once."""
    at = database_now()
    found = Visit.objects.filter(code=code, opened_at__gt=at - Visit.LASTS).first()
    if found is None:
        raise Http404
    level = (request.POST if request.method == "POST" else request.GET).get("level", "")
    form = LevelForm(request.POST if request.method == "POST" else None, level=level)
    done, refused = found.ratings.exists(), ""
    if request.method == "POST" and not done and form.is_valid():
        chosen = form.cleaned_data
        try:
            rate_visit(code=code, level=chosen["level"], labels=chosen["labels"], text=chosen["text"], at=at)
            done = True
        except RatingError as error:
            refused = str(error)
    context = {
        "visit": found,
        "form": form,
        "done": done,
        "refused": refused,
        "level": level if level in Level.values else "",
        "levels": level_links(level),
    }
    return render(request, "public/rate_visit.html", context, status=422 if form.errors or refused else 200)
