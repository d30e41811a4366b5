"""Publishing: the folder of YAML files becomes numbered, immutable versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

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
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOADING_LOCK])
    departments = {department.code: department for department in load_departments(at=at)}
    report = LoadReport()
    services = {code: _publish_service(one, departments, report, at) for code, one in content.services.items()}
    for bundle in content.bundles.values():
        _publish_bundle(bundle, services, departments, report, at)
    return report


def _publish_service(
    content: ServiceContent, departments: Mapping[str, Department], report: LoadReport, at: datetime
) -> ServiceItem:
    item = _item(content, departments)
    if not _is_new(ServiceVersion.objects.filter(item=item), content.checksum, content.code, report):
        return item
    version = ServiceVersion.objects.create(
        item=item, number=_next_number(item), checksum=content.checksum, **_columns(ServiceVersion, content.version)
    )
    for name, model in _LINES.items():
        model.objects.bulk_create([model(version=version, **_columns(model, row)) for row in content.lines[name]])
    _store_situation({"service_version": version}, content.questions, content.stops)
    _put_in_use(version, ServiceVersion.objects.filter(item=item), at)
    return item


def _item(content: ServiceContent, departments: Mapping[str, Department]) -> ServiceItem:
    """Store the item under its parents in the tree; names follow the newest content."""
    department = departments[content.item["department"]]
    parent = None
    levels = (ItemLevel.MAIN, ItemLevel.SUB)
    for level, row in zip(levels, content.tree, strict=False):
        names = {"name_zh": row["name_zh"], "name_en": row["name_en"]}
        common = {"level": level, "parent": parent, "department": department, "item_type": content.item["item_type"]}
        parent = ServiceItem.objects.get_or_create(code=row["code"], defaults={**common, **names})[0]
    values = content.item | {"department": department, "parent": parent, "level": ItemLevel.HANDLING}
    return ServiceItem.objects.update_or_create(code=content.code, defaults=_columns(ServiceItem, values))[0]


def _publish_bundle(
    content: BundleContent,
    services: Mapping[str, ServiceItem],
    departments: Mapping[str, Department],
    report: LoadReport,
    at: datetime,
) -> None:
    names = {"name_zh": content.version["name_zh"], "name_en": content.version["name_en"]}
    bundle = Bundle.objects.update_or_create(code=content.code, defaults=names)[0]
    if not _is_new(BundleVersion.objects.filter(bundle=bundle), content.checksum, content.code, report):
        return
    values = content.version | {"lead_department": departments[content.version["lead_department"]]}
    version = BundleVersion.objects.create(
        bundle=bundle, number=_next_number(bundle), checksum=content.checksum, **_columns(BundleVersion, values)
    )
    BundlePart.objects.bulk_create(
        [
            BundlePart(bundle_version=version, **_columns(BundlePart, row | {"service": services[row["service"]]}))
            for row in content.parts
        ]
    )
    _store_situation({"bundle_version": version}, content.questions, content.stops)
    _put_in_use(version, BundleVersion.objects.filter(bundle=bundle), at)


def _store_situation(owner: Row, questions: list[Row], stops: list[Row]) -> None:
    Question.objects.bulk_create([Question(**owner, **_columns(Question, row)) for row in questions])
    StopRule.objects.bulk_create([StopRule(**owner, **_columns(StopRule, row)) for row in stops])


def _is_new(versions: Any, checksum: str, code: str, report: LoadReport) -> bool:
    """Note in the report whether the content is new, changed or the same as what is in use."""
    current = versions.filter(state=VersionState.IN_USE).values_list("checksum", flat=True).first()
    if current == checksum:
        report.unchanged.append(code)
        return False
    (report.changed if versions.exists() else report.created).append(code)
    return True


def _next_number(owner: ServiceItem | Bundle) -> int:
    last = owner.versions.order_by("-number").values_list("number", flat=True).first()
    return (last or 0) + 1


def _put_in_use(version: ServiceVersion | BundleVersion, versions: Any, at: datetime) -> None:
    """Retire the version in use and publish this draft. It is filled by now: the database freezes what is published."""
    versions.filter(state=VersionState.IN_USE).update(state=VersionState.RETIRED, retired_at=at)
    versions.filter(pk=version.pk).update(state=VersionState.IN_USE, published_at=at)


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
