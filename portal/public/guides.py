"""What the guide of a service or a bundle says, put together for the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from portal.public.promises import Promise, promise
from portal.public.situations import fullest_parts
from services.catalogue import queries
from services.catalogue.enums import Audience
from services.catalogue.models import BundlePart, BundleVersion, Fee, Material, ServiceVersion
from workflows.clocks import WorkingCalendar


@dataclass(frozen=True)
class LimitRow:
    """One limit of a service. demo: not checked against a source."""

    word: str
    amount: int | None
    unit: str
    note: str
    demo: bool


@dataclass(frozen=True)
class Document:
    """A document, once, with the services that ask for it."""

    material: Material
    used_by: tuple[ServiceVersion, ...]


@dataclass(frozen=True)
class ServiceGuide:
    """A service's guide. yours: documents the applicant hands in; fetched: those the office gets itself."""

    version: ServiceVersion
    yours: list[Document]
    fetched: list[Document]
    fees: list[Fee]
    limits: list[LimitRow]
    promise: Promise
    audiences: list[str]

    @property
    def is_bundle(self) -> bool:
        """A service is none."""
        return False

    @property
    def free(self) -> bool:
        """Whether it costs nothing."""
        return not self.fees


def service_guide(code: str, calendar: WorkingCalendar, *, at: datetime, language: str) -> ServiceGuide:
    """Return the guide of a service in use; raises ServiceVersion.DoesNotExist."""
    version = queries.current_version(code)
    yours, fetched = _documents([version])
    return ServiceGuide(
        version=version,
        yours=yours,
        fetched=fetched,
        fees=list(version.fees.all()),
        limits=_limits(version, language),
        promise=promise(version, calendar, at=at, language=language),
        audiences=audience_words(version.audiences),
    )


def _documents(services: Iterable[ServiceVersion]) -> tuple[list[Document], list[Document]]:
    """Return every document once: those the applicant hands in, and those the office fetches."""
    asked: dict[str, list[tuple[Material, ServiceVersion]]] = {}
    for service in services:
        for material in service.materials.all():
            asked.setdefault(material.code, []).append((material, service))
    documents = [Document(uses[0][0], tuple(service for _, service in uses)) for uses in asked.values()]
    return (
        [document for document in documents if not document.material.held_by_government],
        [document for document in documents if document.material.held_by_government],
    )


def audience_words(codes: Iterable[str]) -> list[str]:
    """Return the labels of E6 codes."""
    return [str(Audience(code).label) for code in codes]


def _limits(version: ServiceVersion, language: str) -> list[LimitRow]:
    def note(name: str) -> str:
        return str(getattr(version, f"{name}_{'zh' if language.startswith('zh') else 'en'}", ""))

    rows = [
        LimitRow(
            gettext("Promised"),
            version.promised_amount,
            version.promised_unit,
            note("promised_note"),
            version.is_demo("promised_amount"),
        ),
        LimitRow(
            gettext("By law at most"),
            version.statutory_amount,
            version.statutory_unit,
            note("statutory_note"),
            version.is_demo("statutory_amount"),
        ),
    ]
    if version.extension_amount:
        authority = gettext("once, by decision of: %(authority)s") % {"authority": note("extension_authority")}
        rows.append(
            LimitRow(
                gettext("May be extended by"),
                version.extension_amount,
                version.statutory_unit or version.promised_unit,
                authority,
                version.is_demo("extension_amount"),
            )
        )
    if version.delivery_amount is not None:
        rows.append(
            LimitRow(
                gettext("Delivery after the decision"),
                version.delivery_amount,
                version.delivery_unit,
                "",
                version.is_demo("delivery_amount"),
            )
        )
    return rows


@dataclass(frozen=True)
class PartGuide:
    """A part of a bundle with the service that does it."""

    part: BundlePart
    version: ServiceVersion
    promise: Promise

    @property
    def always(self) -> bool:
        """Whether every applicant needs it."""
        return not self.part.condition


@dataclass(frozen=True)
class Saving:
    """What doing it once saves: how many alone, how many together."""

    word: str
    alone: int
    once: int


@dataclass(frozen=True)
class BundleGuide:
    """A bundle's guide. stages: parts that can run at the same time, stage by stage."""

    version: BundleVersion
    stages: list[list[PartGuide]]
    yours: list[Document]
    fetched: list[Document]
    fees: list[Fee]
    savings: list[Saving]
    audiences: list[str]

    @property
    def is_bundle(self) -> bool:
        """A bundle is one."""
        return True

    @property
    def parts(self) -> list[PartGuide]:
        """All parts, stage by stage."""
        return [part for stage in self.stages for part in stage]

    @property
    def free(self) -> bool:
        """Whether no part costs anything."""
        return not self.fees

    @property
    def has_demo_values(self) -> bool:
        """Whether a promised limit of a part is not checked against a source."""
        return any(part.version.is_demo("promised_amount") for part in self.parts)

    @property
    def shortest(self) -> ServiceVersion:
        """The part that promises to be done first."""
        return min((part.version for part in self.parts), key=lambda version: version.promised_amount)

    @property
    def longest(self) -> ServiceVersion:
        """The part that promises to be done last."""
        return max((part.version for part in self.parts), key=lambda version: version.promised_amount)


def bundle_guide(code: str, calendar: WorkingCalendar, *, at: datetime, language: str) -> BundleGuide:
    """Return the guide of a bundle in use; raises BundleVersion.DoesNotExist."""
    bundle = queries.current_bundle_version(code)
    parts = list(bundle.parts.all())
    found = queries.published_items().filter(item__in=[part.service_id for part in parts])
    versions = {version.item_id: version for version in found.prefetch_related("materials", "fees")}
    guides = [
        PartGuide(
            part, versions[part.service_id], promise(versions[part.service_id], calendar, at=at, language=language)
        )
        for part in parts
        if part.service_id in versions
    ]
    services = [guide.version for guide in guides]
    yours, fetched = _documents(services)
    fullest = [versions[part.service_id] for part in fullest_parts(bundle) if part.service_id in versions]
    return BundleGuide(
        version=bundle,
        stages=_stages(guides),
        yours=yours,
        fetched=fetched,
        fees=[fee for service in services for fee in service.fees.all()],
        savings=_savings(fullest),
        audiences=audience_words(bundle.audiences),
    )


def _stages(guides: Sequence[PartGuide]) -> list[list[PartGuide]]:
    """Return the parts by how many others come before them."""
    by_key = {guide.part.key: guide for guide in guides}

    def depth(key: str) -> int:
        return 1 + max((depth(before) for before in by_key[key].part.after if before in by_key), default=-1)

    stages: dict[int, list[PartGuide]] = {}
    for guide in guides:
        stages.setdefault(depth(guide.part.key), []).append(guide)
    return [stages[level] for level in sorted(stages)]


def _savings(services: Sequence[ServiceVersion]) -> list[Saving]:
    """Return applications, fields and documents of these services, one by one against once."""
    asked = [_elements(service.form) for service in services]
    papers = [[material.code for material in service.materials.all()] for service in services]
    rows = [
        Saving(gettext("applications"), len(services), 1),
        Saving(gettext("fields to fill in"), sum(map(len, asked)), len(set().union(*asked))),
        Saving(gettext("documents"), sum(map(len, papers)), len(set().union(*papers))),
    ]
    return [row for row in rows if row.alone > row.once > 0]


def _elements(form: Any) -> set[str]:
    """Return the codes of the data elements a stored form uses, however its uses are written down."""
    if isinstance(form, str):
        return {form}
    if isinstance(form, Mapping):
        if "element" in form:
            return {str(form["element"])}
        return set().union(*(_elements(inner) for inner in form.values() if isinstance(inner, list | Mapping)))
    return set().union(*(_elements(inner) for inner in form)) if isinstance(form, list) else set()
