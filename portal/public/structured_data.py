"""The guide for machines: schema.org GovernmentService as JSON-LD."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.urls import reverse

from portal.public.guides import Guide
from portal.ui.templatetags.ui import bilingual
from portal.ui.wording import is_chinese
from services.catalogue.enums import LimitUnit
from services.catalogue.models import BundleVersion, ServiceVersion

#: What could end the script element or confuse a reader of it; JSON writes the same text with escapes.
_ESCAPES = {ord(one): f"\\u{ord(one):04X}" for one in "<>&\u2028\u2029"}


def structured_data(guide: Guide, code: str) -> str:
    """Return the guide as JSON-LD, safe inside a script element. Empty values are left out."""
    version, department = guide.version, guide.department
    url = settings.SITE_URL.rstrip("/") + reverse("public:guide", args=[code])
    data = {
        "@context": "https://schema.org",
        "@type": "GovernmentService",
        "@id": url,
        "url": url,
        "name": bilingual(version, "name"),
        "description": bilingual(version, "summary"),
        "identifier": code,
        "serviceType": _service_type(version),
        "provider": {
            "@type": "GovernmentOrganization",
            "name": bilingual(department, "name"),
            "telephone": department.phone,
            "address": bilingual(department, "address"),
        },
        "areaServed": {
            "@type": "AdministrativeArea",
            "name": settings.CITY["zh-hans" if is_chinese() else "en"],
        },
        "audience": [{"@type": "Audience", "audienceType": one} for one in guide.audiences],
        "offers": _offers(guide),
        "availableChannel": [_online(guide, code), *(_hall(place) for place in guide.places)],
        "serviceOutput": _outputs(version),
        "isRelatedTo": _parts(guide),
    }
    return json.dumps(_filled(data), ensure_ascii=False).translate(_ESCAPES)


def _service_type(version: BundleVersion | ServiceVersion) -> str:
    return "" if isinstance(version, BundleVersion) else str(version.item.get_item_type_display())


def _online(guide: Guide, code: str) -> dict[str, Any]:
    door = "start_bundle" if guide.is_bundle else "start_service"
    return {
        "@type": "ServiceChannel",
        "serviceUrl": settings.SITE_URL.rstrip("/") + reverse(f"applicant:{door}", args=[code]),
        "availableLanguage": ["zh-Hans", "en"],
        "processingTime": _duration(guide.version),
    }


def _duration(version: BundleVersion | ServiceVersion) -> str:
    """Return the promised limit as an ISO 8601 duration; working days have none."""
    if isinstance(version, ServiceVersion) and version.promised_unit == LimitUnit.CALENDAR_DAYS:
        return f"P{version.promised_amount}D"
    return ""


def _offers(guide: Guide) -> list[dict[str, Any]]:
    """Return what it costs; a rate without an amount says so in words."""
    if guide.free:
        return [{"@type": "Offer", "price": "0", "priceCurrency": "CNY"}]
    return [
        {
            "@type": "Offer",
            "name": bilingual(charge.fee, "name"),
            "description": bilingual(charge.fee, "rate"),
            "price": str(charge.fee.amount) if charge.fee.amount is not None else "",
            "priceCurrency": "CNY" if charge.fee.amount is not None else "",
        }
        for charge in guide.needs.charges
    ]


def _hall(place: Any) -> dict[str, Any]:
    return {
        "@type": "ServiceChannel",
        "serviceLocation": {
            "@type": "GovernmentOffice",
            "name": bilingual(place.hall, "name"),
            "address": bilingual(place.hall, "address"),
            "telephone": place.hall.phone,
        },
        "servicePhone": {"@type": "ContactPoint", "telephone": place.hall.phone},
    }


def _outputs(version: BundleVersion | ServiceVersion) -> list[dict[str, str]]:
    results = version.results.all() if isinstance(version, ServiceVersion) else []
    return [{"@type": "GovernmentPermit", "name": bilingual(one, "name")} for one in results]


def _parts(guide: Guide) -> list[dict[str, str]]:
    if not guide.is_bundle:
        return []
    return [
        {
            "@type": "GovernmentService",
            "name": bilingual(part.version, "name"),
            "url": settings.SITE_URL.rstrip("/") + reverse("public:guide", args=[part.version.code]),
        }
        for part in guide.needs.parts
    ]


def _filled(value: Any) -> Any:
    """Return a value without its empty members."""
    if isinstance(value, dict):
        return {key: _filled(one) for key, one in value.items() if one not in ("", None, [], {})}
    return [_filled(one) for one in value] if isinstance(value, list) else value
