"""What every page's frame needs to know."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

LARGE_TEXT_COOKIE = "large_text"


def interface(request: HttpRequest) -> dict[str, object]:
    """Return the city's name, the page's language for `lang`, the other language and whether large text is on."""
    language = get_language() or settings.LANGUAGE_CODE
    chinese = language.startswith("zh")
    return {
        "city": settings.CITY["zh-hans" if chinese else "en"],
        "page_language": "zh-Hans" if chinese else "en",
        "other_language": {"code": "en", "name": "English"} if chinese else {"code": "zh-hans", "name": "中文"},
        "large_text": request.COOKIES.get(LARGE_TEXT_COOKIE) == "on",
    }
