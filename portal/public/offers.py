"""Everything on offer — bundles, services, listed items — as the public door lists it, ready to be searched.

Prepared once for each state of the catalogue and kept in the process: a page then asks the database only whether the
state is still the same. Every web process keeps its own; they agree because the state comes from the database.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from portal.public.finding import Entry, Index
from portal.public.marking import NOTHING, Query, marked, passage_that_answers
from portal.ui.templatetags.ui import bilingual
from portal.ui.wording import limit_words
from services.catalogue import queries
from services.catalogue.enums import Audience
from services.catalogue.models import BundleVersion, ListedItem, ServiceVersion

_WHOLLY_ONLINE = 4
_FRONT_PAGE = Path(__file__).parent / "data" / "front_page.yaml"
_HELP = Path(__file__).parent / "data" / "help.yaml"
#: Somebody who searches wants to get something done: what cannot be applied for yet comes after its equals.
_LISTED_WEIGHT, _HELP_WEIGHT = 0.95, 0.9

Words = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A line of a guide that may answer a search. anchor: where it stands in the guide."""

    kind: str
    words: Words
    anchor: str


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A bundle or a service in use, or an item that is only listed, in both languages.

    kind: bundle, service or listed. audiences: person, business. departments: codes of all that take part. passages:
    questions and documents of its guide. A listed item says no limit, visits or fee, because its list does not.
    """

    code: str
    kind: str
    name: Words
    summary: Words
    department: Words
    department_code: str
    department_position: int
    departments: frozenset[str]
    audiences: frozenset[str] = frozenset()
    person_themes: frozenset[str] = frozenset()
    legal_themes: frozenset[str] = frozenset()
    on_the_spot: bool = False
    online: bool = False
    visits: int | None = None
    limit: tuple[int, str] | None = None
    demo: bool = False
    has_fee: bool = False
    parts: tuple[Words, ...] = ()
    passages: tuple[Passage, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def is_bundle(self) -> bool:
        """Whether several services are asked for once."""
        return self.kind == "bundle"

    @property
    def is_listed(self) -> bool:
        """Whether it only stands in a list and has no guide yet."""
        return self.kind == "listed"

    def has_theme(self, event: LifeEvent) -> bool:
        """Tell whether it belongs to a life event."""
        if self.code in event.bundles:
            return True
        return bool(self.person_themes & event.person_themes or self.legal_themes & event.legal_themes)

    def entry(self) -> Entry:
        """Return what a search looks at."""
        texts = [self.summary, self.department, *self.parts, *(one.words for one in self.passages)]
        return Entry(
            key=self.code,
            names=tuple(self.name.values()),
            texts=tuple(text for words in texts for text in words.values()),
            codes=self.codes,
            weight=_LISTED_WEIGHT if self.is_listed else 1.0,
        )

    def card(self, query: Query = NOTHING) -> dict[str, Any]:
        """Return what templates/ui/service_card.html shows, in the page's language. query: what is marked."""
        name, line = bilingual(self.name), bilingual(self.summary)
        card = {
            "name": name,
            "line": line,
            "department": bilingual(self.department),
            "url": reverse("public:guide", args=[self.code]),
            "bundle": self.is_bundle,
            "listed": self.is_listed,
            "visits": self.visits,
            "online": self.online,
        }
        if query:
            card |= {"marked_name": marked(name, query), "marked_line": marked(line, query)}
            card["answer"] = passage_that_answers(query, [name, line], self.passages)
        return card | (self._bundle_facts() if self.is_bundle else self._service_facts())

    def _bundle_facts(self) -> dict[str, Any]:
        count, bodies = len(self.parts), len(self.departments)
        words = ngettext("%(count)d service", "%(count)d services", count) % {"count": count}
        offices = ngettext("%(count)d department", "%(count)d departments", bodies) % {"count": bodies}
        return {
            "parts_words": gettext("%(services)s, %(departments)s") % {"services": words, "departments": offices},
            "department": "",
        }

    def _service_facts(self) -> dict[str, Any]:
        if self.limit is None:
            return {}
        fee = gettext("fee") if self.has_fee else gettext("free")
        return {"limit": limit_words(*self.limit), "demo": self.demo, "fee": fee}


@dataclass(frozen=True)
class LifeEvent:
    """A moment in a person's or a business's life, by themes of the national lists and by bundles."""

    key: str
    icon: str
    name: Words
    person_themes: frozenset[str]
    legal_themes: frozenset[str]
    bundles: frozenset[str]


@dataclass(frozen=True)
class FrontPage:
    """What the home page offers first: searches ({zh, en}), codes of popular services, life events."""

    searches: list[Words]
    popular: list[str]
    life_events: list[LifeEvent]


@dataclass(frozen=True)
class HelpPage:
    """A page of the portal that answers a question of its own. url: the name of its address."""

    key: str
    url: str
    icon: str
    name: Words
    text: Words
    words: Words

    def entry(self) -> Entry:
        """Return what a search looks at."""
        texts = (*self.words.values(), *self.text.values())
        return Entry(key=f"page:{self.key}", names=tuple(self.name.values()), texts=texts, weight=_HELP_WEIGHT)

    def card(self, query: Query) -> dict[str, Any]:
        """Return what the page of results shows."""
        name, text = bilingual(self.name), bilingual(self.text)
        return {
            "url": reverse(self.url),
            "icon": self.icon,
            "name": marked(name, query),
            "text": marked(text, query),
        }


@lru_cache(maxsize=1)
def front_page() -> FrontPage:
    """Return what data/front_page.yaml says."""
    data = yaml.safe_load(_FRONT_PAGE.read_text(encoding="utf-8"))
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


@lru_cache(maxsize=1)
def help_pages() -> Sequence[HelpPage]:
    """Return what data/help.yaml says."""
    return [HelpPage(**row) for row in yaml.safe_load(_HELP.read_text(encoding="utf-8"))]


class Catalogue:
    """One state of what is on offer. state: see `services.catalogue.queries.catalogue_state`; offers: bundles first."""

    def __init__(self, state: str, offers: Iterable[Offer]) -> None:
        """Prepare the search."""
        self.state = state
        self.offers = tuple(offers)
        self.by_code = {offer.code: offer for offer in self.offers}
        self._pages = {f"page:{page.key}": page for page in help_pages()}
        self._index = Index([*(offer.entry() for offer in self.offers), *(page.entry() for page in help_pages())])

    def matching(self, query: str) -> tuple[list[Offer], list[HelpPage]]:
        """Return the offers and help pages that fit what was typed, best first; all offers when nothing was typed."""
        if not query.strip():
            return list(self.offers), []
        keys = self._index.find(query)
        return (
            [self.by_code[key] for key in keys if key in self.by_code],
            [self._pages[key] for key in keys if key in self._pages],
        )

    def asked(self, query: str) -> Query:
        """Return what was typed with what is heard in it, for marking what answers it."""
        return Query(query, self._index.heard(query))

    def nearly(self, query: str) -> list[Offer]:
        """Return a few offers that fit a little where nothing fits well."""
        return [self.by_code[key] for key in self._index.find_nearly(query) if key in self.by_code]


_lock = threading.Lock()
_kept: Catalogue | None = None


def catalogue() -> Catalogue:
    """Return what is on offer now. One query while nothing changed; a few, however much it is, after a change.

    While one thread prepares a new state, the others of the process go on with the one before.
    """
    global _kept
    state, kept = queries.catalogue_state(), _kept
    if kept is not None and kept.state == state:
        return kept
    if not _lock.acquire(blocking=kept is None) and kept is not None:
        return kept
    try:
        if _kept is None or _kept.state != state:
            _kept = Catalogue(state, _offers())
        return _kept
    finally:
        _lock.release()


def _offers() -> list[Offer]:
    versions = queries.published_items().prefetch_related("fees", "faqs", "materials")
    services = {version.item_id: version for version in versions}
    return [
        *(_bundle(bundle, services) for bundle in queries.published_bundles()),
        *(_service(version) for version in services.values()),
        *(_listed(item) for item in queries.listed_items()),
    ]


def _both(thing: Any, field: str) -> Words:
    return {"zh": getattr(thing, f"{field}_zh"), "en": getattr(thing, f"{field}_en")}


def _audiences(codes: Iterable[str]) -> frozenset[str]:
    persons = {"person"} if Audience.PERSON in codes else set()
    return frozenset(persons | ({"business"} if set(codes) - {Audience.PERSON} else set()))


def _bundle(bundle: BundleVersion, services: dict[int, ServiceVersion]) -> Offer:
    parts = [services[part.service_id] for part in bundle.parts.all() if part.service_id in services]
    lead = bundle.lead_department
    return Offer(
        code=bundle.code,
        kind="bundle",
        name=_both(bundle, "name"),
        summary=_both(bundle, "summary"),
        department=_both(lead, "name"),
        department_code=lead.code,
        department_position=lead.position,
        departments=frozenset(part.item.department.code for part in parts),
        audiences=_audiences(bundle.audiences),
        online=bool(parts) and all(part.online_level == _WHOLLY_ONLINE for part in parts),
        visits=bundle.visits,
        parts=tuple(_both(part, "name") for part in parts),
    )


def _service(version: ServiceVersion) -> Offer:
    department = version.item.department
    passages = [Passage(kind="question", words=_both(one, "question"), anchor="faq") for one in version.faqs.all()]
    passages += [
        Passage(kind="document", words=_both(one, "name"), anchor="documents") for one in version.materials.all()
    ]
    return Offer(
        code=version.code,
        kind="service",
        name=_both(version, "name"),
        summary=_both(version, "summary"),
        department=_both(department, "name"),
        department_code=department.code,
        department_position=department.position,
        departments=frozenset({department.code}),
        audiences=_audiences(version.audiences),
        person_themes=frozenset(version.person_themes),
        legal_themes=frozenset(version.legal_themes),
        on_the_spot=version.on_the_spot,
        online=version.online_level == _WHOLLY_ONLINE,
        visits=version.visits,
        limit=(version.promised_amount, version.promised_unit),
        demo=version.is_demo("promised_amount"),
        has_fee=bool(version.fees.all()),
        passages=tuple(passages),
        codes=(version.item.task_code, version.item.catalog_code),
    )


def _listed(item: ListedItem) -> Offer:
    department = {"zh": item.department_zh, "en": ""}
    # Two lists may name departments alike that are not the same: a listed department is known by list and name.
    code = f"{item.list_name}:{item.department_zh}"
    return Offer(
        code=item.code,
        kind="listed",
        name={"zh": item.name_zh, "en": ""},
        summary={"zh": "", "en": ""},
        department=department,
        department_code=code,
        department_position=1_000,
        departments=frozenset({code}),
        codes=(item.item_code,),
    )
