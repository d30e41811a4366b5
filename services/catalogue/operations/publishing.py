"""Publishing: the folder of YAML files becomes numbered, immutable versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from services.catalogue.content import BundleContent, ContentError, Row, ServiceContent, read_folder
from services.catalogue.enums import ItemLevel, VersionState
from services.catalogue.models import (
    Bundle,
    BundlePart,
    BundleVersion,
    Faq,
    Fee,
    LegalBasis,
    Material,
    Question,
    ResultKind,
    ServiceItem,
    ServiceVersion,
    Step,
    StopRule,
)
from services.catalogue.queries import known_to_the_system
from services.catalogue.validators import Finding, check_content
from services.parties.models import Department
from services.parties.operations import load_departments

_LOADING_LOCK = 0x0CA7_A106  # one loader at a time; any constant nobody else uses
_LINES: Mapping[str, type[Any]] = {
    "materials": Material,
    "fees": Fee,
    "legal_bases": LegalBasis,
    "faqs": Faq,
    "steps": Step,
    "results": ResultKind,
}


class InconsistentContentError(ValueError):
    """The folder breaks rules of the catalogue, so nothing of it was stored; `findings` says which."""

    def __init__(self, findings: list[Finding]) -> None:
        """Keep the findings and write them line by line."""
        self.findings = findings
        super().__init__("\n".join(map(str, findings)))


@dataclass
class LoadReport:
    """What loading did: codes of items and bundles that are new, have a new version, or did not change."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


@dataclass
class _Drafts:
    """Versions to be published together, and the contents they were made from."""

    model: type[Any]
    owner: str
    versions: dict[str, Any]


def check_catalogue(*, folder: Path) -> list[Finding]:
    """Return what is inconsistent in a catalogue's folder, without storing anything.

    Raises:
        ContentError: a file cannot be read.
    """
    content = read_folder(folder)
    return check_content(content, known_to_the_system(content.processes))


@transaction.atomic
def load_catalogue(*, folder: Path, at: datetime) -> LoadReport:
    """Publish the folder: what changed gets a new version and the old one is retired; what did not stays as it is.

    Items and bundles the folder does not mention stay untouched. Departments are loaded first, from the parties' data.

    Args:
        folder: with `services/*.yaml`, `bundles/*.yaml`, `processes/*.bpmn` and the shared files.
        at: when it is published.

    Raises:
        ContentError: a file cannot be read.
        InconsistentContentError: rules are broken; nothing is stored.
    """
    content = read_folder(folder)
    findings = [one for one in check_content(content, known_to_the_system(content.processes)) if one.refuses]
    if findings:
        raise InconsistentContentError(findings)
    one_loader_at_a_time()
    departments = {department.code: department for department in load_departments(at=at)}
    report = LoadReport()
    items = _store_items(list(content.services.values()), departments)
    _publish_services(content.services, items, report, at)
    _publish_bundles(content.bundles, items, departments, report, at)
    return report


def one_loader_at_a_time() -> None:
    """Wait until nobody else publishes or imports; the lock ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOADING_LOCK])


def _store_items(
    services: Sequence[ServiceContent], departments: Mapping[str, Department]
) -> Mapping[str, ServiceItem]:
    """Store the items and their parents in the tree, level by level; names follow the newest content."""
    stored: dict[str, Any] = {item.code: item for item in ServiceItem.objects.order_by("code")}
    for level in ItemLevel:
        rows: dict[str, Row] = {}
        for service in services:
            path = [*service.tree, service.item]
            place = len(path) - 1 if level == ItemLevel.HANDLING else list(ItemLevel).index(level)
            if place < len(path) - (level != ItemLevel.HANDLING):
                department = departments[service.item["department"]]
                parent = stored[path[place - 1]["code"]] if place else None
                shared = {"department": department, "item_type": service.item["item_type"], "parent": parent}
                rows.setdefault(path[place]["code"], {**path[place], **shared, "level": level})
        stored |= _stored(ServiceItem, rows, stored)
    return stored


def _stored(model: type[Any], rows: Mapping[str, Row], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Create the rows that are new, update those that differ, and return them by code."""
    new = [model(**_columns(model, row)) for code, row in rows.items() if code not in stored]
    changed = []
    for code, row in rows.items():
        if code in stored and any(getattr(stored[code], column) != value for column, value in row.items()):
            for column, value in row.items():
                setattr(stored[code], column, value)
            stored[code].save()
            changed.append(stored[code])
    return {one.code: one for one in [*model.objects.bulk_create(new), *changed]}


def _publish_services(
    contents: Mapping[str, ServiceContent], items: Mapping[str, ServiceItem], report: LoadReport, at: datetime
) -> None:
    drafts = _drafts(
        ServiceVersion, "item", {code: (items[code], contents[code].version) for code in contents}, contents, report
    )
    for name, model in _LINES.items():
        model.objects.bulk_create(
            [
                model(version=version, **_columns(model, row))
                for code, version in drafts.versions.items()
                for row in contents[code].lines[name]
            ]
        )
    _store_situations("service_version", drafts, contents)
    _put_in_use(drafts, at)


def _publish_bundles(
    contents: Mapping[str, BundleContent],
    items: Mapping[str, ServiceItem],
    departments: Mapping[str, Department],
    report: LoadReport,
    at: datetime,
) -> None:
    names = {
        code: {"code": code, "name_zh": one.version["name_zh"], "name_en": one.version["name_en"]}
        for code, one in contents.items()
    }
    bundles: dict[str, Any] = {bundle.code: bundle for bundle in Bundle.objects.order_by("code")}
    bundles |= _stored(Bundle, names, bundles)
    values = {
        code: (bundles[code], one.version | {"lead_department": departments[one.version["lead_department"]]})
        for code, one in contents.items()
    }
    drafts = _drafts(BundleVersion, "bundle", values, contents, report)
    BundlePart.objects.bulk_create(
        [
            BundlePart(bundle_version=version, **_columns(BundlePart, row | {"service": items[row["service"]]}))
            for code, version in drafts.versions.items()
            for row in contents[code].parts
        ]
    )
    _store_situations("bundle_version", drafts, contents)
    _put_in_use(drafts, at)


def _drafts(
    model: type[Any],
    owner: str,
    values: Mapping[str, tuple[Any, Row]],
    contents: Mapping[str, Any],
    report: LoadReport,
) -> _Drafts:
    """Make a draft of everything whose content is not what is in use, and note in the report what is what."""
    current = dict(
        model.objects.filter(state=VersionState.IN_USE)
        .values_list(f"{owner}__code", "checksum")
        .order_by(f"{owner}__code")
    )
    numbers = dict(model.objects.values_list(f"{owner}__code").annotate(last=Max("number")).order_by(f"{owner}__code"))
    versions = {}
    for code, (owned_by, columns) in values.items():
        if current.get(code) == contents[code].checksum:
            report.unchanged.append(code)
            continue
        (report.changed if code in numbers else report.created).append(code)
        versions[code] = model(
            **{owner: owned_by},
            number=numbers.get(code, 0) + 1,
            checksum=contents[code].checksum,
            **_columns(model, columns),
        )
    model.objects.bulk_create(versions.values())
    return _Drafts(model, owner, versions)


def _store_situations(owner: str, drafts: _Drafts, contents: Mapping[str, Any]) -> None:
    """Store the questions and stop rules of the drafts."""
    models: tuple[tuple[type[Any], str], ...] = ((Question, "questions"), (StopRule, "stops"))
    for model, name in models:
        rows: Iterable[tuple[Any, Row]] = (
            (version, row) for code, version in drafts.versions.items() for row in getattr(contents[code], name)
        )
        model.objects.bulk_create([model(**{owner: version}, **_columns(model, row)) for version, row in rows])


def _put_in_use(drafts: _Drafts, at: datetime) -> None:
    """Retire what is in use and publish the drafts. They are filled by now: the database freezes what is published."""
    versions = drafts.versions.values()
    owners = [getattr(version, f"{drafts.owner}_id") for version in versions]
    of_owners = drafts.model.objects.filter(**{f"{drafts.owner}__in": owners})
    of_owners.filter(state=VersionState.IN_USE).update(state=VersionState.RETIRED, retired_at=at)
    of_owners.filter(pk__in=[version.pk for version in versions]).update(state=VersionState.IN_USE, published_at=at)


def _columns(model: type[Any], row: Mapping[str, Any]) -> Row:
    """Return the row's columns.

    Raises:
        ContentError: a file names a field the model does not have.
    """
    known = {column.name for column in model._meta.concrete_fields}
    unknown = set(row) - known
    if unknown:
        raise ContentError(f"{model.__name__} has no field {', '.join(sorted(unknown))}")
    return dict(row)
