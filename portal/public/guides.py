"""What the guide of a service or a bundle says, put together for the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from portal.public.diagram import Diagram, diagram_of
from portal.public.meanwhile import Duty, duties_of
from portal.public.places import Place, places_for
from portal.public.steps import ProcessStep, steps_in_words
from portal.public.took import Took, took
from portal.situations.fullest import fullest_answers
from portal.situations.needs import Needs, Offer, Part, needs_of
from portal.situations.promises import Promise
from portal.situations.sums import Sum, shown, sums_of
from portal.ui.templatetags.ui import bilingual
from services.catalogue import queries
from services.catalogue.enums import Audience
from services.catalogue.models import BundleVersion, ServiceVersion
from services.catalogue.situation import Fate
from services.parties.queries import departments
from workflows.clocks import WorkingCalendar
from workflows.queries.definitions import UnknownProcessError, graph_of, published_definition


@dataclass(frozen=True)
class LimitRow:
    """One limit of a service. demo: not checked against a source. basis: the articles that set it, if any stands."""

    word: str
    amount: int | None
    unit: str
    note: str
    demo: bool
    basis: list[Any]


@dataclass(frozen=True)
class Step:
    """A service of a bundle as its guide shows it. why: why it waits. promise: None where it is ruled out."""

    part: Part
    promise: Promise | None

    @property
    def version(self) -> ServiceVersion:
        """The service."""
        return self.part.version


@dataclass(frozen=True)
class Guide:
    """A guide. stages: services that can run at the same time, stage by stage. fullest: the sums are of the largest
    application this can become, because questions are open. issuers: names of departments by code.
    """

    version: Offer
    needs: Needs
    stages: list[list[Step]]
    limits: list[LimitRow]
    sums: list[Sum]
    fullest: bool
    duties: list[Duty]
    places: list[Place]
    took: Took
    diagram: Diagram | None
    process_steps: list[ProcessStep]
    audiences: list[str]
    issuers: Mapping[str, Any]
    department: Any

    @property
    def is_bundle(self) -> bool:
        """Whether several services are asked for once."""
        return isinstance(self.version, BundleVersion)

    @property
    def free(self) -> bool:
        """Whether nothing is charged."""
        return not self.needs.charges

    @property
    def promise(self) -> Promise | None:
        """Of a single service: its promise; of a bundle the last date promised."""
        dated = [one for one in self.needs.promises.values() if one.due_on]
        return max(dated, key=lambda one: one.due_on, default=None)  # type: ignore[arg-type, return-value]

    @property
    def shortest(self) -> ServiceVersion:
        """The service that promises to be done first."""
        return min((part.version for part in self.needs.applicable), key=lambda version: version.promised_amount)

    @property
    def longest(self) -> ServiceVersion:
        """The service that promises to be done last."""
        return max((part.version for part in self.needs.applicable), key=lambda version: version.promised_amount)

    @property
    def has_demo_values(self) -> bool:
        """Whether a promised limit is not checked against a source."""
        return any(part.version.is_demo("promised_amount") for part in self.needs.applicable)


def current_offer(code: str) -> Offer:
    """Return the bundle or service in use under a code; raises ServiceVersion.DoesNotExist."""
    try:
        return queries.current_bundle_version(code)
    except BundleVersion.DoesNotExist:
        return queries.current_version(code)


def guide_of(
    offer: Offer, answers: Mapping[str, Any], calendar: WorkingCalendar, *, at: datetime, language: str
) -> Guide:
    """Return the guide of an offer in a situation. The number of queries does not depend on how much it holds."""
    needs = needs_of(offer, answers, calendar, at=at, language=language)
    savings, fullest = needs.savings, False
    if isinstance(offer, BundleVersion) and savings is None and not needs.answered:
        largest = needs_of(offer, fullest_answers(offer), calendar, at=at, language=language)
        savings, fullest = largest.savings, True
    services = [part.version for part in needs.applicable]
    diagram, process_steps = process_of(offer)
    return Guide(
        version=offer,
        needs=needs,
        stages=stages_of(needs),
        limits=limits_of(offer) if isinstance(offer, ServiceVersion) else [],
        sums=shown(sums_of(savings, needs.names)) if savings else [],
        fullest=fullest,
        duties=duties_of(needs),
        places=places_for(services),
        took=took(offer, needs, calendar, at=at),
        diagram=diagram,
        process_steps=process_steps,
        audiences=audience_words(offer.audiences),
        issuers={department.code: department for department in departments()},
        department=offer.lead_department if isinstance(offer, BundleVersion) else offer.item.department,
    )


def process_of(offer: Offer) -> tuple[Diagram | None, list[ProcessStep]]:
    """Return an offer's process as its designer drew it and in words; nothing while it is not published."""
    try:
        definition = published_definition(offer.process_key)
    except UnknownProcessError:
        return None, []
    return diagram_of(definition), steps_in_words(graph_of(definition.pk))


def audience_words(codes: Iterable[str]) -> list[str]:
    """Return the labels of E6 codes."""
    return [str(Audience(code).label) for code in codes]


def stages_of(needs: Needs) -> list[list[Step]]:
    """Return the services that are not ruled out by how many others come before them."""
    by_key = {part.key: part for part in needs.parts if part.fate is not Fate.NOT_NEEDED}

    def depth(key: str) -> int:
        return 1 + max((depth(before) for before in by_key[key].after if before in by_key), default=-1)

    stages: dict[int, list[Step]] = {}
    for key, part in by_key.items():
        stages.setdefault(depth(key), []).append(Step(part, needs.promises.get(key)))
    return [stages[level] for level in sorted(stages)]


def limits_of(version: ServiceVersion) -> list[LimitRow]:
    """Return the limits of a service with what sets them."""
    by_law = [basis for basis in version.legal_bases.all() if basis.kind == "limit"]
    rows = [
        _limit(gettext("Promised"), version, "promised"),
        _limit(gettext("By law at most"), version, "statutory", basis=by_law),
    ]
    if version.extension_amount:
        authority = bilingual(version, "extension_authority")
        note = gettext("once, by decision of: %(authority)s") % {"authority": authority}
        unit = version.statutory_unit or version.promised_unit
        row = _limit(gettext("May be extended by"), version, "extension", unit=unit, note=note)
        rows.append(row)
    if version.delivery_amount is not None:
        rows.append(_limit(gettext("Delivery after the decision"), version, "delivery"))
    return rows


def _limit(
    word: str,
    version: ServiceVersion,
    name: str,
    *,
    unit: str | None = None,
    note: str | None = None,
    basis: Sequence[Any] = (),
) -> LimitRow:
    return LimitRow(
        word,
        getattr(version, f"{name}_amount"),
        unit if unit is not None else getattr(version, f"{name}_unit"),
        note if note is not None else bilingual(version, f"{name}_note"),
        version.is_demo(f"{name}_amount"),
        list(basis),
    )
