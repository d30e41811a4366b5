"""A published version is kept as it is, by the model and by the database itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from services.catalogue.enums import VersionState
from services.catalogue.models import BundlePart, Material, PublishedVersionError, Question, ServiceVersion
from tests.factories.catalogue import (
    PUBLISHED_AT,
    BundleVersionFactory,
    MaterialFactory,
    ServiceItemFactory,
    ServiceVersionFactory,
    publish,
    published_bundle,
    published_service,
)

pytestmark = pytest.mark.django_db


def test_a_draft_changes_and_can_be_deleted() -> None:
    version = ServiceVersionFactory()
    version.promised_amount = 3
    version.save()
    MaterialFactory(version=version)

    version.delete()

    assert not Material.objects.exists()


def test_a_published_version_refuses_to_be_saved_or_deleted() -> None:
    version = published_service()
    version.promised_amount = 3

    with pytest.raises(PublishedVersionError):
        version.save()
    with pytest.raises(PublishedVersionError):
        version.delete()

    version.refresh_from_db()
    assert version.promised_amount == 5


def test_a_published_version_can_be_retired() -> None:
    version = published_service()
    version.state, version.retired_at = VersionState.RETIRED, PUBLISHED_AT + timedelta(days=1)

    version.save(update_fields=["state", "retired_at"])

    version.refresh_from_db()
    assert version.state == VersionState.RETIRED


@pytest.mark.parametrize("change", [{"promised_amount": 3}, {"name_zh": "另一个"}, {"state": VersionState.DRAFT}])
def test_the_database_refuses_changes_of_a_published_version(change: dict[str, object]) -> None:
    version = published_service()

    with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
        ServiceVersion.objects.filter(pk=version.pk).update(**change)


def test_the_database_refuses_to_change_add_or_delete_rows_of_a_published_version() -> None:
    version = published_service(materials=[{"code": "plan"}], questions=[{"key": "big"}])

    for refused in (
        lambda: Material.objects.filter(version=version).update(name_zh="另一个"),
        lambda: Material.objects.filter(version=version).delete(),
        lambda: MaterialFactory(version=version),
        lambda: Question.objects.filter(service_version=version).update(required=False),
    ):
        with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
            refused()


def test_a_row_cannot_be_moved_into_a_published_version() -> None:
    version = published_service()
    material = MaterialFactory(version=ServiceVersionFactory())

    with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
        Material.objects.filter(pk=material.pk).update(version=version)


def test_the_database_refuses_changes_of_a_published_bundle() -> None:
    bundle = published_bundle(parts=[{"service": ServiceItemFactory()}])

    with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
        BundlePart.objects.filter(bundle_version=bundle).update(order=7)
    with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
        type(bundle).objects.filter(pk=bundle.pk).delete()


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"decision_place": "outside"}, "service_outside_system_named"),
        ({"statutory_unit": ""}, "service_statutory_limit_has_unit"),
        ({"extension_amount": 10}, "service_extension_has_authority"),
    ],
)
def test_a_version_that_cannot_be_true_is_refused(values: dict[str, object], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ServiceVersionFactory(**values)


def test_one_version_of_an_item_is_in_use() -> None:
    version = published_service()

    with pytest.raises(IntegrityError, match="service_one_version_in_use"), transaction.atomic():
        ServiceVersionFactory(item=version.item, number=2, state=VersionState.IN_USE)


def test_a_part_that_waits_says_why() -> None:
    bundle = BundleVersionFactory()

    with pytest.raises(IntegrityError, match="bundle_part_says_why_it_waits"), transaction.atomic():
        BundlePart.objects.create(bundle_version=bundle, service=ServiceItemFactory(), key="b", after=["a"])


def test_a_part_does_not_wait_for_itself() -> None:
    bundle = BundleVersionFactory()

    with pytest.raises(IntegrityError, match="bundle_part_not_after_itself"), transaction.atomic():
        BundlePart.objects.create(
            bundle_version=bundle, service=ServiceItemFactory(), key="b", after=["b"], until_then_zh="等"
        )


def test_a_joint_limit_needs_a_cited_rule() -> None:
    with pytest.raises(IntegrityError, match="bundle_joint_limit_cited"), transaction.atomic():
        BundleVersionFactory(joint_amount=45, joint_unit="working_days")


def test_a_question_belongs_to_a_service_or_to_a_bundle() -> None:
    with pytest.raises(IntegrityError, match="question_has_one_owner"), transaction.atomic():
        Question.objects.create(key="k", kind="yes_no", text_zh="问", text_en="Q")


@pytest.mark.parametrize(
    ("depth", "level"), [([], 1), (["1"], 1), (["1", "3"], 2), (["2", "4"], 3), (["4", "5"], 4), (["7"], 4)]
)
def test_the_online_level_follows_the_depth(depth: list[str], level: int) -> None:
    assert ServiceVersion(online_depth=depth).online_level == level


def test_publishing_a_draft_by_saving_is_allowed() -> None:
    version = ServiceVersionFactory()

    publish(version)

    assert ServiceVersion.objects.get(pk=version.pk).state == VersionState.IN_USE
