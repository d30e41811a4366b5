"""The thin guide of an item that only stands in a list: what the list says, and what is not known yet."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from portal.public import offers
from portal.public.listed import known_facts
from services.catalogue import queries
from services.catalogue.models import ListedItem

_MOST_ALIKE = 3


def listed_guide(request: HttpRequest, code: str) -> HttpResponse:
    """Show what a list says about an item. It cannot be applied for here: it has no process and no form.

    Raises:
        Http404: nothing is listed under this code.
    """
    try:
        item = queries.listed_item(code)
    except ListedItem.DoesNotExist:
        raise Http404 from None
    alike, _ = offers.catalogue().matching(item.name_zh)
    context = {
        "item": item,
        "facts": known_facts(item),
        "host": urlsplit(item.link).hostname or "",
        "alike": [offer.card() for offer in alike if not offer.is_listed][:_MOST_ALIKE],
    }
    return render(request, "public/listed_item.html", context)
