"""Template tags of the staff's work lists and task pages: `{% load work %}`."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.ui import wording

register = template.Library()

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@register.simple_tag
def work_columns() -> list[dict[str, str]]:
    """Return the columns of `ui/work_list.html`."""
    return [
        {"word": _("Light"), "sort": "", "css": "tight"},
        {"word": _("Due day"), "sort": "due", "css": "tight"},
        {"word": _("Number"), "sort": "", "css": "tight"},
        {"word": _("Service"), "sort": "", "css": ""},
        {"word": _("Applicant"), "sort": "", "css": ""},
        {"word": _("Step now"), "sort": "", "css": ""},
        {"word": _("Age"), "sort": "age", "css": "tight number"},
        {"word": _("Handled by"), "sort": "", "css": "tight"},
    ]


@register.filter
def short_date(value: dt.date | None) -> str:
    """Say a date in few characters for dense rows: 10月16日 or 16 Oct; with the year where it is not this one."""
    if value is None:
        return ""
    year = "" if value.year == timezone.localdate().year else str(value.year)
    if wording.is_chinese():
        return f"{year}年{value.month}月{value.day}日" if year else f"{value.month}月{value.day}日"
    return f"{value.day} {_MONTHS[value.month - 1]} {year}".strip()


@register.filter
def age_words(value: dt.datetime, at: dt.datetime) -> str:
    """Say how many calendar days ago something was: today, 1 day, 12 days."""
    days = (timezone.localdate(at) - timezone.localdate(value)).days
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days} if days > 0 else _("today")
