"""Everything on offer — bundles and services — as the lists of the public door show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from portal.public import search
from portal.ui.templatetags.ui import bilingual
from portal.ui.wording import limit_words
from services.catalogue import queries
from services.catalogue.enums import Audience
from services.catalogue.models import BundleVersion, ServiceVersion
from services.parties.models import Department

_WHOLLY_ONLINE = 4
_FRONT_PAGE = Path(__file__).parent / "data" / "front_page.yaml"


@dataclass(frozen=True)
class Offer:
    """A bundle or a service in use. services: the versions of a bundle's parts, or the service's own."""

    version: BundleVersion | ServiceVersion
    services: tuple[ServiceVersion, ...]

    @property
    def code(self) -> str:
        """The code that stands in addresses."""
        return self.version.code

    @property
    def is_bundle(self) -> bool:
        """Whether several services are asked for once."""
        return isinstance(self.version, BundleVersion)

    @property
    def department(self) -> Department:
        """Who leads it."""
        if isinstance(self.version, BundleVersion):
            return self.version.lead_department
        return self.version.item.department

    @cached_property
    def audiences(self) -> frozenset[str]:
        """Who may ask for it: person, business."""
        codes = set(self.version.audiences)
        persons = {"person"} if Audience.PERSON in codes else set()
        return frozenset(persons | ({"business"} if codes - {Audience.PERSON} else set()))

    @property
    def on_the_spot(self) -> bool:
        """Whether it is decided while you wait."""
        return not self.is_bundle and self.services[0].on_the_spot

    @property
    def online(self) -> bool:
        """Whether it is handled wholly online."""
        return bool(self.services) and all(service.online_level == _WHOLLY_ONLINE for service in self.services)

    def has_theme(self, event: LifeEvent) -> bool:
        """Tell whether it belongs to a life event."""
        if self.code in event.bundles:
            return True
        return not self.is_bundle and any(
            set(service.person_themes) & event.person_themes or set(service.legal_themes) & event.legal_themes
            for service in self.services
        )

    def entry(self) -> search.Entry:
        """Return what a search looks at."""
        version, department = self.version, self.department
        parts = [name for service in self.services if self.is_bundle for name in (service.name_zh, service.name_en)]
        texts = (version.summary_zh, version.summary_en, department.name_zh, department.name_en, *parts)
        return search.Entry(key=self.code, names=(version.name_zh, version.name_en), texts=texts)

    def card(self) -> dict[str, Any]:
        """Return what templates/ui/service_card.html shows, in the page's language."""
        card = {
            "name": bilingual(self.version, "name"),
            "line": bilingual(self.version, "summary"),
            "department": bilingual(self.department, "name"),
            "url": reverse("public:guide", args=[self.code]),
            "bundle": self.is_bundle,
            "visits": self.version.visits,
            "online": self.online,
        }
        return card | (self._bundle_facts() if self.is_bundle else self._service_facts(self.services[0]))

    def _bundle_facts(self) -> dict[str, Any]:
        count = len(self.services)
        departments = len({service.item.department_id for service in self.services})
        words = ngettext("%(count)d service", "%(count)d services", count) % {"count": count}
        bodies = ngettext("%(count)d department", "%(count)d departments", departments) % {"count": departments}
        return {
            "parts_words": gettext("%(services)s, %(departments)s") % {"services": words, "departments": bodies},
            "department": "",
        }

    def _service_facts(self, service: ServiceVersion) -> dict[str, Any]:
        return {
            "limit": limit_words(service.promised_amount, service.promised_unit),
            "demo": service.is_demo("promised_amount"),
            "fee": gettext("fee") if service.fees.all() else gettext("free"),
        }


@dataclass(frozen=True)
class LifeEvent:
    """A moment in a person's or a business's life, by themes of the national lists and by bundles."""

    key: str
    icon: str
    name: dict[str, str]
    person_themes: frozenset[str]
    legal_themes: frozenset[str]
    bundles: frozenset[str]


@dataclass(frozen=True)
class FrontPage:
    """What the home page offers first: searches ({zh, en}), codes of popular services, life events."""

    searches: list[dict[str, str]]
    popular: list[str]
    life_events: list[LifeEvent]


@lru_cache(maxsize=1)
def front_page() -> FrontPage:
    """Return what data/front_page.yaml says."""
    data = yaml.safe_load(_FRONT_PAGE.read_text())
    events = [
        LifeEvent(
            key=event["key"],
            icon=event["icon"],
            name=event["name"],
            **{name: frozenset(event.get(name, ())) for name in ("person_themes", "legal_themes", "bundles")},
        )
        for event in data["life_events"]
    ]
    return FrontPage(searches=data["searches"], popular=data["popular"], life_events=events)


def offers() -> list[Offer]:
    """Return everything in use, bundles first; five queries, however much it is."""
    services = {version.item_id: version for version in queries.published_items().prefetch_related("fees")}
    bundles = [
        Offer(bundle, tuple(services[part.service_id] for part in bundle.parts.all() if part.service_id in services))
        for bundle in queries.published_bundles()
    ]
    return [*bundles, *(Offer(version, (version,)) for version in services.values())]


def matching(query: str, everything: Iterable[Offer]) -> list[Offer]:
    """Return the offers that fit what was typed, best first; all of them, in order, when nothing was typed."""
    known = {offer.code: offer for offer in everything}
    if not query.strip():
        return list(known.values())
    return [known[code] for code in search.rank(query, (offer.entry() for offer in known.values()))]
