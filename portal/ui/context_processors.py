"""What every page's frame needs to know."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

LARGE_TEXT_COOKIE = "large_text"


def interface(request: HttpRequest) -> dict[str, object]:
    """Return the city's name, the page's language for `lang`, the other language and whether large text is on."""
    chinese = (get_language() or settings.LANGUAGE_CODE).startswith("zh")
    return {
        "city": settings.CITY["zh-hans" if chinese else "en"],
        "page_language": "zh-Hans" if chinese else "en",
        "other_language": {"code": "en", "name": "English"} if chinese else {"code": "zh-hans", "name": "中文"},
        "large_text": large_text(request),
    }


def large_text(request: HttpRequest) -> bool:
    """Tell whether she reads large text: the profile's choice for those who signed in, the cookie's for visitors."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return bool(user.large_text)
    return request.COOKIES.get(LARGE_TEXT_COOKIE) == "on"
