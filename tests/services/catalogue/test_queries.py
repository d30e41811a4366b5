"""What is offered, what applies, what is asked for, what once saves."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from services.catalogue.enums import VersionState
from services.catalogue.models import BundleVersion, ServiceVersion
from services.catalogue.queries import (
    answered_elements,
    applicable_parts,
    current_bundle_version,
    current_version,
    form_schema,
    materials_for,
    published_bundles,
    published_items,
    savings,
    situation_of,
    stop_reasons,
    with_guide,
)
from services.forms.dictionary import dictionary
from tests.factories.catalogue import (
    ServiceVersionFactory,
    load_shipped_catalogue,
    published_bundle,
    published_service,
)

pytestmark = pytest.mark.django_db

RESTAURANT = {
    "has_licence": False,
    "organisation_kind": "company",
    "small_shop": False,
    "floor_area": 320,
    "storey": "ground",
    "residential_building": False,
    "food_items": ["hot", "cold"],
    "fire_route": "check",
    "has_sign": True,
    "sewer": True,
}


@pytest.fixture
def restaurant() -> BundleVersion:
    load_shipped_catalogue()
    return current_bundle_version("open-restaurant")


def keys(version: BundleVersion, **answers: Any) -> list[str]:
    return [part.key for part in applicable_parts(version, RESTAURANT | answers)]


def test_only_what_is_in_use_is_published() -> None:
    offered = published_service()
    ServiceVersionFactory()
    ServiceVersionFactory(item=offered.item, number=2, state=VersionState.RETIRED)

    assert list(published_items()) == [offered]
    assert current_version(offered.item.code) == offered
    with pytest.raises(ServiceVersion.DoesNotExist):
        current_version("unknown")


def test_lists_take_a_constant_number_of_queries() -> None:
    def count() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            shown = [
                (
                    one.code,
                    one.item.department.name_zh,
                    [row.name_zh for row in one.materials.all()],
                    len(one.faqs.all()),
                )
                for one in with_guide(published_items())
            ]
            shown += [
                (one.code, one.lead_department.code, [part.service.department.code for part in one.parts.all()])
                for one in published_bundles()
            ]
        return len(queries), len(shown)

    def add() -> None:
        version = published_service(materials=[{}, {}])
        published_bundle(parts=[{"service": version.item}])

    add()
    one, rows = count()
    assert rows == 2
    for _ in range(29):
        add()
    thirty, rows = count()
    assert rows == 60
    assert thirty == one


def test_applicable_parts_take_a_constant_number_of_queries() -> None:
    def count(parts: int) -> int:
        services = [published_service(materials=[{}]).item for _ in range(parts)]
        version = current_bundle_version(published_bundle(parts=[{"service": one} for one in services]).bundle.code)
        with CaptureQueriesContext(connection) as queries:
            assert len(applicable_parts(version, {})) == parts
            assert len(materials_for(version, {})) == parts
        return len(queries)

    assert count(1) == count(30)


def test_the_restaurant_without_a_licence_needs_five_services(restaurant: BundleVersion) -> None:
    parts = applicable_parts(restaurant, RESTAURANT)

    assert [part.key for part in parts] == [
        "business-licence",
        "food-licence",
        "fire-safety-check",
        "sign-filing",
        "drainage-permit",
    ]
    assert parts[0].after == ()
    assert {part.after for part in parts[1:]} == {("business-licence",)}
    assert all(part.part.until_then_zh and part.part.until_then_en for part in parts[1:])
    assert [part.version.item.department.code for part in parts] == ["SCJG", "SCJG", "XF", "CGJ", "CGJ"]


def test_whoever_holds_a_licence_starts_the_others_at_once(restaurant: BundleVersion) -> None:
    parts = applicable_parts(restaurant, RESTAURANT | {"has_licence": True, "premises_ready": True})

    assert [part.key for part in parts] == ["food-licence", "fire-safety-check", "sign-filing", "drainage-permit"]
    assert {part.after for part in parts} == {()}


@pytest.mark.parametrize(
    ("answers", "gone", "new"),
    [
        ({"small_shop": True, "food_items": ["hot"]}, "food-licence", "small-food-shop-registration"),
        ({"fire_route": "promise"}, "fire-safety-check", "fire-safety-promise"),
        ({"has_sign": False}, "sign-filing", None),
        ({"sewer": False}, "drainage-permit", None),
        ({"floor_area": 120}, "fire-safety-check", None),
    ],
)
def test_each_answer_decides_its_part(
    restaurant: BundleVersion, answers: dict[str, Any], gone: str, new: str | None
) -> None:
    found = keys(restaurant, **answers)

    assert gone not in found
    assert (new in found) if new else len(found) == 4


def test_a_small_underground_place_is_checked_too(restaurant: BundleVersion) -> None:
    assert "fire-safety-check" in keys(restaurant, floor_area=80, storey="underground")


def test_questions_are_asked_where_they_matter(restaurant: BundleVersion) -> None:
    new = situation_of(restaurant, RESTAURANT)
    old = situation_of(restaurant, RESTAURANT | {"has_licence": True, "residential_building": True, "floor_area": 50})

    assert "premises_ready" not in new.asked
    assert "has_flue" not in new.asked
    assert new.complete
    assert {"premises_ready", "has_flue"} <= set(old.missing)
    assert "fire_route" not in old.asked


def test_a_residential_building_without_a_flue_stops_with_the_law(restaurant: BundleVersion) -> None:
    reasons = stop_reasons(restaurant, RESTAURANT | {"residential_building": True, "has_flue": False})

    assert [reason.citation_en for reason in reasons] == ["Air Pollution Prevention and Control Law, art. 81"]
    assert stop_reasons(restaurant, RESTAURANT | {"residential_building": True, "has_flue": True}) == []
    assert stop_reasons(restaurant, RESTAURANT) == []


def test_a_stale_answer_does_not_stop(restaurant: BundleVersion) -> None:
    assert stop_reasons(restaurant, RESTAURANT | {"residential_building": False, "has_flue": False}) == []


def test_light_trucks_need_no_licence() -> None:
    load_shipped_catalogue()
    version = current_version("road-freight-licence")

    assert [one.kind for one in stop_reasons(version, {"truck_mass": 4500})] == ["not_needed"]
    assert stop_reasons(version, {"truck_mass": 4501}) == []


def test_the_form_asks_each_element_once_and_knows_who_asks(restaurant: BundleVersion) -> None:
    schema = form_schema(restaurant, RESTAURANT)

    codes = [use.element.code for use in schema.uses]
    assert len(codes) == len(set(codes))
    assert set(schema.use("premises.address").services) == {
        "business-licence",
        "food-licence",
        "fire-safety-check",
        "sign-filing",
        "drainage-permit",
    }
    assert "drainage.daily_volume" not in {
        use.element.code for use in form_schema(restaurant, RESTAURANT | {"sewer": False}).uses
    }


def test_what_the_first_service_gives_is_not_asked(restaurant: BundleVersion) -> None:
    held = RESTAURANT | {"has_licence": True, "premises_ready": True}

    assert "organisation.uscc" not in {use.element.code for use in form_schema(restaurant, RESTAURANT).uses}
    assert form_schema(restaurant, held).use("organisation.uscc").required


def test_the_situation_answers_elements_of_the_form(restaurant: BundleVersion) -> None:
    assert answered_elements(restaurant, RESTAURANT | {"organisation_kind": "individual", "sewer": "?"}) == {
        "organisation.kind": "individual_business",
        "premises.area": 320.0,
        "premises.storey": "ground",
        "food.items": ["hot", "cold"],
    }


def test_elements_answered_by_the_situation_accept_those_values(restaurant: BundleVersion) -> None:
    """Every option of a question that answers an element is a choice of that element."""
    for question in restaurant.questions.all():
        choices = {one.value for one in dictionary().element(question.element).choices} if question.element else set()
        for option in question.options if choices else ():
            assert question.element_values.get(option["value"], option["value"]) in choices


def test_the_form_of_one_service_is_its_own() -> None:
    load_shipped_catalogue()

    schema = form_schema(current_version("prepackaged-food-filing"), {})

    assert {service for use in schema.uses for service in use.services} == {"prepackaged-food-filing"}


def test_each_document_is_needed_once_with_who_uses_it(restaurant: BundleVersion) -> None:
    needs = {need.code: need for need in materials_for(restaurant, RESTAURANT)}

    licence = needs["business-licence-copy"]
    assert [version.code for version in licence.used_by] == [
        "food-licence",
        "fire-safety-check",
        "sign-filing",
        "drainage-permit",
    ]
    assert not licence.submitted
    plan = needs["layout-plan"]
    assert [version.code for version in plan.used_by] == ["food-licence", "fire-safety-check"]
    assert plan.submitted
    points = [point["en"] for point in plan.review_points]
    assert "The plan shows equipment and workflow" in points
    assert "Number and width of exits meet the standard" in points


def test_documents_depend_on_the_situation(restaurant: BundleVersion) -> None:
    company = {need.code for need in materials_for(restaurant, RESTAURANT)}
    individual = {need.code for need in materials_for(restaurant, RESTAURANT | {"organisation_kind": "individual"})}
    hot_only = {need.code for need in materials_for(restaurant, RESTAURANT | {"food_items": ["hot"]})}

    assert company - individual == {"articles-of-association", "appointment-documents"}
    assert company - hot_only == {"cold-room-notes"}


def test_the_strictest_service_decides_whether_a_document_may_follow_later() -> None:
    later = published_service(materials=[{"code": "plan", "necessity": "3"}])
    now = published_service(materials=[{"code": "plan", "necessity": "1"}])
    version = published_bundle(parts=[{"service": later.item}, {"service": now.item}])

    (need,) = materials_for(version, {})

    assert need.necessity == "1"
    assert need.used_by == (later, now)


def test_once_saves_fields_documents_visits_and_days(restaurant: BundleVersion) -> None:
    saved = savings(restaurant, RESTAURANT)

    assert saved.fields.saved > 0
    assert saved.documents.saved > 0
    assert (saved.visits.separately, saved.visits.once) == (10, 0)
    assert (saved.days.separately, saved.days.once) == (1 + 5 + 8 + 3 + 7, 1 + 8)


def test_a_part_that_is_not_offered_is_named() -> None:
    draft = ServiceVersionFactory()
    version = published_bundle(parts=[{"service": draft.item}])

    with pytest.raises(ServiceVersion.DoesNotExist, match=draft.item.code):
        applicable_parts(version, {})
