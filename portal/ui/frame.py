"""The frame around every page, drawn once per process for all who see the same: header with its ways, and footer.

What it shows depends on little: the language, the size of the text, whether somebody signed in, which doors she has,
how many messages wait and where she is. What differs each time, her form token and the page's address, is put in.
Nothing of a person is kept but that number.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.template import Context
from django.template.loader import get_template
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

#: What stands in a kept header until a page takes it. Nobody can write these into an address: they are made anew.
_TOKEN, _HERE = f"token{secrets.token_hex(16)}", f"here{secrets.token_hex(16)}"
#: Pages that the header leads to: on them the header says so.
_WAYS = (
    "public:home",
    "public:catalogue",
    "public:verify",
    "applicant:cases",
    "applicant:inbox",
)
MOST = 512
_drawn: OrderedDict[Hashable, str] = OrderedDict()


def address(name: str) -> str:
    """Return the address of a page that has one only, looked up once per process; "" where there is no such page."""
    return _address(name, get_urlconf(), get_script_prefix())


@lru_cache(maxsize=256)
def _address(name: str, urlconf: str | None, _prefix: str) -> str:
    try:
        return reverse(name, urlconf)
    except NoReverseMatch:
        return ""


def header(context: Context) -> SafeString:
    """Draw the header of a page."""
    request, token = context.get("request"), str(context.get("csrf_token", ""))
    if request is None:
        return _made("ui/header.html", context, way="", here="/", door="")
    here, way = request.get_full_path(), request.path if request.path in map(address, _WAYS) else ""
    door = request.resolver_match.app_name if request.resolver_match else ""
    if request.GET.get("q") or token in ("", "NOTPROVIDED"):  # what she looks for stands in it; a form has no token
        return _made("ui/header.html", context, way=way, here=here, door=door)
    doors, unread = _value(context, "nav_items") or (), _value(context, "unread_count")
    key = (
        "header",
        *_look(context),
        way,
        door,
        context["user"].is_authenticated,
        bool(context.get("hide_search")),
        tuple((one["url"], str(one["word"]), one.get("current"), one.get("count")) for one in doors),
        unread,
    )
    text = _kept(key, "ui/header.html", context, way=way, door=door, nav_items=doors, unread_count=unread)
    # The token first: no address can make it appear a second time.
    return mark_safe(text.replace(_TOKEN, escape(token)).replace(_HERE, escape(here)))  # noqa: S308 - both escaped


def footer(context: Context) -> SafeString:
    """Draw the footer of a page."""
    return mark_safe(_kept(("footer", *_look(context)), "ui/footer.html", context))  # noqa: S308 - drawn by a template


def _look(context: Context) -> tuple[Hashable, ...]:
    return get_language(), bool(context.get("large_text")), get_urlconf(), get_script_prefix(), *settings.CITY.values()


def _value(context: Context, name: str) -> Any:
    value = context.get(name)
    return value() if callable(value) else value


def _kept(key: Hashable, template: str, context: Context, **given: Any) -> str:
    text = _drawn.get(key)
    if text is None:
        text = _made(template, context, csrf_token=_TOKEN, here=_HERE, **given)
        _drawn[key] = text
        while len(_drawn) > MOST:
            _drawn.popitem(last=False)
    return text


def _made(template: str, context: Context, **given: Any) -> SafeString:
    found: Any = get_template(template)
    with context.push(**given):
        drawn: SafeString = found.template.render(context)
    return drawn
