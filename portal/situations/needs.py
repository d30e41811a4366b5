"""What an offer needs in a situation: services, documents and fees - for certain, or depending on open questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.situations.promises import Assumption, Promise, assumed, schedule
from services.catalogue import queries
from services.catalogue.enums import DocumentKind
from services.catalogue.models import BundlePart, BundleVersion, Fee, Material, ServiceVersion, StopRule
from services.catalogue.savings import Savings
from services.catalogue.situation import Fate, Situation, fate_of, open_questions
from workflows.clocks import WorkingCalendar

Offer = BundleVersion | ServiceVersion
#: Of several rows about one document the strictest speaks: required, may follow later, if there is one.
_STRICTNESS = {"1": 0, "3": 1, "2": 2}


@dataclass(frozen=True)
class Part:
    """A service of an offer. row: its part of the bundle, None for a single service. after: keys it waits for."""

    key: str
    version: ServiceVersion
    row: BundlePart | None
    fate: Fate
    after: tuple[str, ...]

    @property
    def needed(self) -> bool:
        """Whether these answers need it for certain."""
        return self.fate is Fate.NEEDED


@dataclass(frozen=True)
class Document:
    """A document, once, with the services that ask for it. fate: never NOT_NEEDED."""

    material: Material
    used_by: tuple[ServiceVersion, ...]
    fate: Fate

    @property
    def needed(self) -> bool:
        """Whether it is needed for certain."""
        return self.fate is Fate.NEEDED


@dataclass(frozen=True)
class Charge:
    """A fee of a service. fate: never NOT_NEEDED."""

    fee: Fee
    service: ServiceVersion
    fate: Fate

    @property
    def needed(self) -> bool:
        """Whether it is charged for certain."""
        return self.fate is Fate.NEEDED


@dataclass(frozen=True)
class Needs:
    """What an offer needs in a situation.

    parts: every service, those not needed too. yours: documents she hands in; made: documents made from her answers;
    fetched: documents the government issued. stops: why it cannot or need not be applied for. assumption, promises:
    by when, for each service that is not ruled out. savings: None for a single service, and while a question is open.
    """

    offer: Offer
    situation: Situation
    open_questions: frozenset[str]
    parts: tuple[Part, ...]
    yours: tuple[Document, ...]
    made: tuple[Document, ...]
    fetched: tuple[Document, ...]
    charges: tuple[Charge, ...]
    stops: tuple[StopRule, ...]
    assumption: Assumption
    promises: Mapping[str, Promise]
    savings: Savings | None

    @property
    def answered(self) -> bool:
        """Whether every question has its answer."""
        return self.situation.complete

    @property
    def applicable(self) -> list[Part]:
        """Services that are needed or may be."""
        return [part for part in self.parts if part.fate is not Fate.NOT_NEEDED]

    @property
    def left_out(self) -> list[Part]:
        """Services these answers do not need."""
        return [part for part in self.parts if part.fate is Fate.NOT_NEEDED]

    @property
    def names(self) -> Mapping[str, ServiceVersion]:
        """The services by key."""
        return {part.key: part.version for part in self.parts}


def needs_of(
    offer: Offer, answers: Mapping[str, Any], calendar: WorkingCalendar, *, at: datetime, language: str
) -> Needs:
    """Return what an offer needs with these answers. At most three queries beyond the offer's own rows.

    answers: as given, some or all. at: when it would be filed. language: of the explanations.
    """
    questions = list(offer.questions.all())
    situation = queries.situation_of(offer, answers)
    still_open = open_questions(questions, situation)
    parts = _parts(offer, situation, still_open)
    remaining = [part for part in parts if part.fate is not Fate.NOT_NEEDED]
    documents = _documents(remaining, situation, still_open)
    assumption = assumed(at, calendar)
    return Needs(
        offer=offer,
        situation=situation,
        open_questions=still_open,
        parts=parts,
        yours=tuple(one for one in documents if _group(one.material) == "yours"),
        made=tuple(one for one in documents if _group(one.material) == "made"),
        fetched=tuple(one for one in documents if _group(one.material) == "fetched"),
        charges=_charges(remaining, situation, still_open),
        stops=tuple(queries.stop_reasons(offer, answers)),
        assumption=assumption,
        promises=schedule(
            {part.key: (part.version, part.after) for part in remaining}, calendar, assumption, language=language
        ),
        savings=_savings(offer, remaining, situation),
    )


def _parts(offer: Offer, situation: Situation, still_open: frozenset[str]) -> tuple[Part, ...]:
    if isinstance(offer, ServiceVersion):
        return (Part(offer.code, offer, None, Fate.NEEDED, ()),)
    versions = queries.services_of(offer)
    return tuple(
        Part(row.key, versions[row.service_id], row, fate_of(row.condition, situation, still_open), tuple(row.after))
        for row in offer.parts.all()
        if row.service_id in versions
    )


def _group(material: Material) -> str:
    if material.held_by_government:
        return "fetched"
    return "made" if material.document_kind == DocumentKind.FORM else "yours"


def _both(part: Part, condition: str, situation: Situation, still_open: frozenset[str]) -> Fate:
    """Return the fate of something a service asks for under a condition of its own."""
    own = fate_of(condition, situation, still_open)
    return own if part.needed or own is Fate.NOT_NEEDED else Fate.OPEN


def _documents(parts: Sequence[Part], situation: Situation, still_open: frozenset[str]) -> list[Document]:
    asked: dict[str, list[tuple[Material, ServiceVersion, Fate]]] = {}
    for part in parts:
        for material in part.version.materials.all():
            fate = _both(part, material.condition, situation, still_open)
            if fate is not Fate.NOT_NEEDED:
                asked.setdefault(material.code, []).append((material, part.version, fate))
    return [
        Document(
            material=min((one[0] for one in uses), key=lambda material: _STRICTNESS[material.necessity]),
            used_by=tuple(one[1] for one in uses),
            fate=_any(one[2] for one in uses),
        )
        for uses in asked.values()
    ]


def _any(fates: Iterable[Fate]) -> Fate:
    return Fate.NEEDED if Fate.NEEDED in set(fates) else Fate.OPEN


def _charges(parts: Sequence[Part], situation: Situation, still_open: frozenset[str]) -> tuple[Charge, ...]:
    found = [
        Charge(fee, part.version, _both(part, fee.condition, situation, still_open))
        for part in parts
        for fee in part.version.fees.all()
    ]
    return tuple(one for one in found if one.fate is not Fate.NOT_NEEDED)


def _savings(offer: Offer, parts: Sequence[Part], situation: Situation) -> Savings | None:
    if isinstance(offer, ServiceVersion) or not situation.complete or len(parts) < 2:
        return None
    keys = {part.key for part in parts}
    applicable = [
        queries.ApplicablePart(
            key=part.key, part=part.row, version=part.version, after=tuple(one for one in part.after if one in keys)
        )
        for part in parts
        if part.row is not None
    ]
    return queries.savings_in(offer, applicable, situation)
