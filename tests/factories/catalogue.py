"""Service items, bundles and their versions for tests.

A published version and its rows cannot change, so a version with rows is made as a draft and then published:
`published_service(materials=[…])`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import factory

from services.catalogue.enums import HandlingKind, LimitUnit, ReviewKind, VersionState
from services.catalogue.models import (
    Bundle,
    BundlePart,
    BundleVersion,
    ListedItem,
    Material,
    Question,
    ServiceItem,
    ServiceVersion,
    StopRule,
)
from services.catalogue.operations import load_catalogue
from services.catalogue.queries import SHIPPED_FOLDER
from tests.factories.copying import made_once
from tests.factories.parties import DepartmentFactory

PUBLISHED_AT = datetime(2026, 1, 5, 1, tzinfo=UTC)


def make_listed_item(**fields: Any) -> ListedItem:
    """Return an item that only stands in a list."""
    given = {
        "code": "list-511a-1", "item_code": "511A-1", "list_name": "区清单", "name_zh": "社会保障卡申领",
        "item_type": "20",
        "department_zh": "区人社局", "checksum": "0" * 64, "listed_at": PUBLISHED_AT, "changed_at": PUBLISHED_AT,
    }  # fmt: skip
    return ListedItem.objects.create(**given | fields)


class ServiceItemFactory(factory.django.DjangoModelFactory[ServiceItem]):
    """A handling item of a department of its own."""

    class Meta:
        model = ServiceItem

    code = factory.Sequence(lambda number: f"service-{number}")
    department = factory.SubFactory(DepartmentFactory)
    item_type = "01"
    name_zh = factory.Sequence(lambda number: f"事项{number}")
    name_en = factory.Sequence(lambda number: f"Service {number}")


class ServiceVersionFactory(factory.django.DjangoModelFactory[ServiceVersion]):
    """A draft; `state=VersionState.IN_USE` for a published one without rows."""

    class Meta:
        model = ServiceVersion

    item = factory.SubFactory(ServiceItemFactory)
    number = 1
    checksum = factory.Sequence(lambda number: f"{number:064x}")
    name_zh = factory.SelfAttribute("item.name_zh")
    name_en = factory.SelfAttribute("item.name_en")
    summary_zh = "说明"
    summary_en = "Summary"
    process_key = "licence-review"
    form = {"uses": []}
    use_levels = ["4"]
    audiences = ["1"]
    posts = {
        "intake": {"department": "ZWB", "role": "clerk"},
        "handler": {"department": "SCJG", "role": "handler"},
        "checker": {"department": "SCJG", "role": "checker"},
        "approver": {"department": "SCJG", "role": "approver"},
    }
    promised_amount = 5
    promised_unit = LimitUnit.WORKING_DAYS
    statutory_amount = 20
    statutory_unit = LimitUnit.WORKING_DAYS
    handling_kind = HandlingKind.PROMISED
    review_kind = ReviewKind.REVIEW_FIRST
    handling_forms = ["1", "2"]
    online_depth = ["2", "4", "5"]
    service_area = "3"
    address_zh = "大厅"
    address_en = "Hall"
    hours_zh = "工作日"
    hours_en = "Working days"
    consult_phone = "0371-10000001"
    complaint_phone = "0371-20000001"
    acceptance_zh = "条件"
    acceptance_en = "Conditions"
    appeal_zh = "救济"
    appeal_en = "Appeal"


class MaterialFactory(factory.django.DjangoModelFactory[Material]):
    """A document the applicant prepares; its version must be a draft."""

    class Meta:
        model = Material

    version = factory.SubFactory(ServiceVersionFactory)
    code = factory.Sequence(lambda number: f"material-{number}")
    name_zh = "材料"
    name_en = "Document"
    source = "10"
    document_kind = "3"
    basis_zh = "依据"
    basis_en = "Basis"


class BundleFactory(factory.django.DjangoModelFactory[Bundle]):
    """A bundle."""

    class Meta:
        model = Bundle

    code = factory.Sequence(lambda number: f"bundle-{number}")
    name_zh = factory.Sequence(lambda number: f"一件事{number}")
    name_en = factory.Sequence(lambda number: f"Bundle {number}")


class BundleVersionFactory(factory.django.DjangoModelFactory[BundleVersion]):
    """A draft of a bundle."""

    class Meta:
        model = BundleVersion

    bundle = factory.SubFactory(BundleFactory)
    number = 1
    checksum = factory.Sequence(lambda number: f"{number:064x}")
    name_zh = factory.SelfAttribute("bundle.name_zh")
    name_en = factory.SelfAttribute("bundle.name_en")
    summary_zh = "说明"
    summary_en = "Summary"
    process_key = "open-restaurant"
    form = {"uses": []}
    lead_department = factory.SubFactory(DepartmentFactory)
    basis_zh = "依据"
    basis_en = "Basis"


def publish(version: ServiceVersion | BundleVersion) -> None:
    """Put a draft in use."""
    version.state = VersionState.IN_USE
    version.published_at = PUBLISHED_AT
    version.save()


def published_service(
    *,
    materials: list[dict[str, Any]] | None = None,
    questions: list[dict[str, Any]] | None = None,
    stops: list[dict[str, Any]] | None = None,
    **values: Any,
) -> ServiceVersion:
    """Return a published service version with these rows; `values` as for ServiceVersionFactory."""
    version: ServiceVersion = ServiceVersionFactory(**values)
    for order, row in enumerate(materials or []):
        MaterialFactory(version=version, order=order, **row)
    _situation({"service_version": version}, questions or [], stops or [])
    publish(version)
    return version


def published_bundle(
    *,
    parts: list[dict[str, Any]],
    questions: list[dict[str, Any]] | None = None,
    stops: list[dict[str, Any]] | None = None,
    **values: Any,
) -> BundleVersion:
    """Return a published bundle version; each part is a row with `service` (an item) and what differs."""
    version: BundleVersion = BundleVersionFactory(**values)
    for order, row in enumerate(parts):
        BundlePart.objects.create(bundle_version=version, order=order, **{"key": row["service"].code, **row})
    _situation({"bundle_version": version}, questions or [], stops or [])
    publish(version)
    return version


def _situation(owner: dict[str, Any], questions: list[dict[str, Any]], stops: list[dict[str, Any]]) -> None:
    for order, row in enumerate(questions):
        Question.objects.create(**{**owner, "order": order, "kind": "yes_no", "text_zh": "问", "text_en": "Q", **row})
    for order, row in enumerate(stops):
        texts = {"message_zh": "不行", "message_en": "No", "citation_zh": "法", "citation_en": "Law"}
        StopRule.objects.create(**{**owner, "order": order, "kind": "prohibited", **texts, **row})


def load_shipped_catalogue(at: datetime = PUBLISHED_AT) -> None:
    """Publish the catalogue the project ships, or copy what another test published."""
    made_once(("catalogue", at), partial(load_catalogue, folder=SHIPPED_FOLDER, at=at))
