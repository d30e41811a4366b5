"""Home, search and the list of all services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from portal.public import offers
from portal.public.days_off import next_days_off
from portal.public.filters import Counts, Filters, chips, department_choices, event_choices
from portal.public.offers import FrontPage, Offer, front_page
from portal.ui.page_cache import cached_for_visitors
from portal.ui.templatetags.ui import bilingual
from portal.ui.wording import instant_words
from services.cases.enums import ApplicationState
from services.cases.permissions import applications_of
from services.catalogue.queries import catalogue_state
from workflows.queries.calendars import calendar_for, database_now

_PER_PAGE = 12
_MOST_PAGES = 3
_FRONT = 6  # cards of a kind on the front page


@require_safe
@login_not_required
@cached_for_visitors(state=catalogue_state)
def home(request: HttpRequest) -> HttpResponse:
    """Offer the search, life events, bundles and popular services."""
    found, front, at = offers.catalogue(), front_page(), database_now()
    everything = found.offers
    context = {
        "drafts": _drafts(request, at),
        "hide_search": True,
        "searches": [bilingual(words) for words in front.searches],
        "events": _events(front, everything),
        "bundles": [offer.card() for offer in _bundles(front, everything)],
        "popular": _popular(front, found),
        "days_off": next_days_off(calendar_for(), at=at),
        "count": len(everything),
    }
    return render(request, "public/home.html", context)


def _drafts(request: HttpRequest, at: datetime) -> list[dict[str, str]]:
    """Return what she began and did not file yet, the latest first."""
    if not request.user.is_authenticated:
        return []
    rows = applications_of(request.user, at).filter(state=ApplicationState.DRAFT).select_related("bundle", "service")
    return [
        {
            "name": bilingual(application.offer, "name"),
            "note": gettext("last changed %(at)s") % {"at": instant_words(application.changed_at)},
            "url": reverse("applicant:section", args=[application.public_id, application.place])
            if application.place
            else reverse("applicant:application", args=[application.public_id]),
        }
        for application in rows[:3]
    ]


def _events(front: FrontPage, everything: Sequence[Offer]) -> list[dict[str, Any]]:
    counted = [(event, sum(offer.has_theme(event) for offer in everything)) for event in front.life_events]
    return [
        {"key": event.key, "icon": event.icon, "name": bilingual(event.name), "count": count}
        for event, count in counted
        if count
    ]


def _bundles(front: FrontPage, everything: Sequence[Offer]) -> list[Offer]:
    """Return the bundles shown first, in the order in which the life events name them."""
    places = {code: place for place, event in enumerate(front.life_events) for code in event.bundles}
    bundles = [offer for offer in everything if offer.is_bundle]
    return sorted(bundles, key=lambda offer: places.get(offer.code, len(places)))[:_FRONT]


def _popular(front: FrontPage, found: offers.Catalogue) -> list[dict[str, Any]]:
    """Return the services that are often used; where the city named none that is offered, the first ones."""
    named = [found.by_code[code] for code in front.popular if code in found.by_code]
    return [offer.card() for offer in named or [one for one in found.offers if not one.is_bundle]][:_FRONT]


@require_safe
@login_not_required
@cached_for_visitors("audience", "department", "event", "online", "spot", "once", "page", state=catalogue_state)
def catalogue(request: HttpRequest) -> HttpResponse:
    """List everything on offer, filtered by the address; a search is the same list in the order of fit.

    htmx, while somebody types, gets the results alone.
    """
    everything, front = offers.catalogue(), front_page()
    chosen = Filters.from_address(request.GET)
    matching, pages = everything.matching(chosen.query)
    found = chosen.apply(matching, front)
    event = next((event for event in front.life_events if event.key == chosen.event), None)
    page = Paginator(found, _PER_PAGE).get_page(request.GET.get("page"))
    asked, counts = everything.asked(chosen.query), Counts(matching, chosen)
    context = {
        "chosen": chosen,
        "hide_search": True,
        "event_name": bilingual(event.name) if event else "",
        "chips": chips(request.GET, chosen, counts),
        "departments": department_choices(everything.offers, counts),
        "events": event_choices(everything.offers, counts),
        "page": page,
        "cards": [offer.card(asked) for offer in page],
        "pages": [one.card(asked) for one in pages[:_MOST_PAGES]] if page.number == 1 else [],
        "without_filters": len(matching) if chosen.any and not found else 0,
        "nearly": [] if found or not chosen.query else [offer.card() for offer in everything.nearly(chosen.query)],
        "searches": [] if found else [bilingual(words) for words in front.searches],
        "instead": [] if found else _popular(front, everything),
    }
    alone = request.htmx and request.htmx.target == "results"  # type: ignore[attr-defined]  # by its middleware
    response = render(request, "public/catalogue_live.html" if alone else "public/catalogue.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
