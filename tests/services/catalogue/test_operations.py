"""Loading the catalogue: once, again, and after a change."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from services.catalogue.content import ContentError
from services.catalogue.enums import VersionState
from services.catalogue.models import BundleVersion, Material, ServiceItem, ServiceVersion
from services.catalogue.operations import InconsistentContentError, check_catalogue, load_catalogue
from services.catalogue.queries import SHIPPED_FOLDER, current_bundle_version, current_version
from tests.factories.catalogue import PUBLISHED_AT

LATER = PUBLISHED_AT + timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped folder that a test may change."""
    return Path(shutil.copytree(SHIPPED_FOLDER, tmp_path / "data"))


def change(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.django_db
def test_loading_publishes_every_file_once() -> None:
    report = load_catalogue(folder=SHIPPED_FOLDER, at=PUBLISHED_AT)

    files = {path.stem for path in SHIPPED_FOLDER.glob("*/*.yaml")}
    assert set(report.created) == files
    assert not report.changed
    assert not report.unchanged
    assert ServiceVersion.objects.filter(state=VersionState.IN_USE, published_at=PUBLISHED_AT).count() == len(
        list(SHIPPED_FOLDER.glob("services/*.yaml"))
    )


@pytest.mark.django_db
def test_loading_the_same_again_changes_nothing() -> None:
    load_catalogue(folder=SHIPPED_FOLDER, at=PUBLISHED_AT)
    before = list(ServiceVersion.objects.values().order_by("pk")), list(BundleVersion.objects.values().order_by("pk"))

    report = load_catalogue(folder=SHIPPED_FOLDER, at=LATER)

    assert not report.created
    assert not report.changed
    after = list(ServiceVersion.objects.values().order_by("pk")), list(BundleVersion.objects.values().order_by("pk"))
    assert after == before


@pytest.mark.django_db
def test_a_change_publishes_a_new_version_and_keeps_the_old_one(folder: Path) -> None:
    load_catalogue(folder=folder, at=PUBLISHED_AT)
    old = current_version("food-licence")
    change(folder, "services/food-licence.yaml", "食品安全规章制度", "食品安全管理制度")

    report = load_catalogue(folder=folder, at=LATER)

    assert report.changed == ["food-licence"]
    new = current_version("food-licence")
    assert (new.number, new.published_at) == (2, LATER)
    old.refresh_from_db()
    assert (old.state, old.retired_at) == (VersionState.RETIRED, LATER)
    assert old.materials.get(code="food-safety-rules").name_zh == "食品安全规章制度"
    assert new.materials.get(code="food-safety-rules").name_zh == "食品安全管理制度"


@pytest.mark.django_db
def test_a_changed_bundle_gets_a_new_version(folder: Path) -> None:
    load_catalogue(folder=folder, at=PUBLISHED_AT)
    change(folder, "bundles/open-restaurant.yaml", "en: Open a restaurant", "en: Open an eating place")

    report = load_catalogue(folder=folder, at=LATER)

    assert report.changed == ["open-restaurant"]
    version = current_bundle_version("open-restaurant")
    assert (version.number, version.bundle.name_en) == (2, "Open an eating place")


@pytest.mark.django_db
def test_nothing_inconsistent_is_published(folder: Path) -> None:
    change(folder, "services/food-licence.yaml", "promised: {amount: 5", "promised: {amount: 50")

    with pytest.raises(InconsistentContentError, match="promised_amount: The promised limit is longer") as caught:
        load_catalogue(folder=folder, at=PUBLISHED_AT)

    assert [(one.code, one.rule) for one in caught.value.findings if one.refuses] == [("food-licence", 10)]
    assert not ServiceItem.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("item_type: licence", "item_type: favour", "food-licence.yaml: 'favour' is none of power, licence"),
        ("department: SCJG", "department: NOBODY", "no department has the code 'NOBODY'"),
        ("questions: [food_items]", "questions: [moon_phase]", "no question 'moon_phase'"),
        ("process: licence-review", "process_: x", "the field 'process' is missing"),
        ("code: food-licence", "code: [", "food-licence.yaml: while parsing"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(folder: Path, old: str, new: str, message: str) -> None:
    change(folder, "services/food-licence.yaml", old, new)

    with pytest.raises(ContentError, match=message):
        load_catalogue(folder=folder, at=PUBLISHED_AT)


@pytest.mark.django_db
def test_an_unknown_field_of_a_row_is_named(folder: Path) -> None:
    change(
        folder, "services/food-licence.yaml", "    document_kind: form\n", "    document_kind: form\n    colour: red\n"
    )

    with pytest.raises(ContentError, match="Material has no field colour"):
        load_catalogue(folder=folder, at=PUBLISHED_AT)


def test_checking_stores_nothing_and_needs_no_database() -> None:
    assert check_catalogue(folder=SHIPPED_FOLDER) == []


@pytest.mark.django_db
def test_a_service_without_its_process_is_published_all_the_same(folder: Path) -> None:
    (folder / "processes" / "new-baby.bpmn").unlink()

    load_catalogue(folder=folder, at=PUBLISHED_AT)

    assert [one.field for one in check_catalogue(folder=folder)] == ["process_key"]
    assert current_bundle_version("new-baby").process_key == "new-baby"


@pytest.mark.django_db
def test_the_item_tree_is_stored() -> None:
    load_catalogue(folder=SHIPPED_FOLDER, at=PUBLISHED_AT)

    item = ServiceItem.objects.get(code="food-licence")

    assert (item.level, item.parent.level, item.parent.parent.level) == ("handling", "sub", "main")
    assert item.parent.parent.name_zh == "食品经营许可"
    assert Material.objects.filter(version__item=item).count() == 5
