"""Each rule finds what breaks it, and nothing else. The shipped services are the consistent starting point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from services.catalogue.content import BundleContent, Content, ServiceContent, read_folder
from services.catalogue.queries import SHIPPED_FOLDER, known_to_the_system
from services.catalogue.validators import check_bundle, check_content, check_service

CONTENT: Content = read_folder(SHIPPED_FOLDER)
KNOWN = known_to_the_system(frozenset({"licence-review", "on-the-spot", "outside-decision", "open-restaurant"}))
LICENCE = CONTENT.services["food-licence"]
RESTAURANT = CONTENT.bundles["open-restaurant"]
FIRST_STEP = LICENCE.lines["steps"][0]


def broken(service: ServiceContent) -> set[tuple[int, str]]:
    return {(one.rule, one.field) for one in check_service(service, KNOWN)}


def changed(**version: Any) -> ServiceContent:
    return replace(LICENCE, version={**LICENCE.version, **version})


def with_lines(**lines: list[dict[str, Any]]) -> ServiceContent:
    return replace(LICENCE, lines={**LICENCE.lines, **lines})


def material(**values: Any) -> list[dict[str, Any]]:
    first, *others = LICENCE.lines["materials"]
    return [{**first, **values}, *others]


def result(**values: Any) -> list[dict[str, Any]]:
    return [{**LICENCE.lines["results"][0], **values}]


FEE = {"name_zh": "费", "name_en": "Fee", "rate_zh": "十元", "rate_en": "Ten", "basis_zh": "据", "basis_en": "Basis"}
FEE |= {"condition": "", "order": 1}


def test_the_shipped_licence_breaks_no_rule() -> None:
    assert broken(LICENCE) == set()


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (changed(handling_kind="1"), {(1, "handling_kind")}),
        (changed(review_kind="at_once"), {(1, "review_kind")}),
        (changed(visits=1, online_depth=["2"]), {(2, "visits_reason_zh")}),
        (changed(visits_reason_zh="理由", visits_reason_en="Reason"), {(2, "visits_reason_zh")}),
        (changed(handling_forms=["1"]), {(3, "handling_forms")}),
        (changed(visits=1, visits_reason_zh="理由", visits_reason_en="Reason"), {(4, "visits")}),
        (changed(pays_online=True), {(5, "pays_online")}),
        (with_lines(fees=[FEE | {"basis_zh": "", "basis_en": ""}]), {(5, "fees.1")}),
        (with_lines(fees=[FEE | {"condition": "answers.moon == 1.0"}]), {(12, "fees.1")}),
        (changed(consult_phone="67180000"), {(6, "consult_phone")}),
        (changed(complaint_phone=LICENCE.version["consult_phone"]), {(6, "complaint_phone")}),
        (changed(legal_themes=[]), {(7, "legal_themes")}),
        (changed(person_themes=["005"]), {(7, "person_themes")}),
        (changed(audiences=["1", "2"]), {(7, "person_themes")}),
        (with_lines(faqs=[]), {(8, "faqs")}),
        (with_lines(steps=[FIRST_STEP]), {(8, "steps")}),
        (with_lines(results=[]), {(9, "results")}),
        (with_lines(results=result(paper_kind="parchment")), {(9, "results.1")}),
        (with_lines(results=result(sample_facts=[])), {(9, "results.1")}),
        (with_lines(results=result(sample_facts=["moon.phase"])), {(9, "results.1")}),
        (changed(promised_amount=11), {(10, "promised_amount")}),
        (changed(promised_amount=15, promised_unit="calendar_days"), {(10, "promised_amount")}),
        (changed(statutory_amount=None), {(10, "extension_amount")}),
        (with_lines(materials=material(basis_zh="", basis_en="")), {(10, "materials.food-application")}),
        (with_lines(materials=material(name_zh="其他相关材料")), {(10, "materials.food-application")}),
        (with_lines(materials=material(name_en="Other documents")), {(10, "materials.food-application")}),
        (with_lines(materials=material(code="layout-plan")), {(10, "materials.layout-plan")}),
        (changed(acceptance_en=""), {(11, "version.acceptance")}),
        (with_lines(materials=material(name_en="")), {(11, "materials.name")}),
        (with_lines(materials=material(review_points=[{"zh": "看"}])), {(11, "materials.review_points.1")}),
        (with_lines(materials=material(condition="answers.moon ==")), {(12, "materials.food-application")}),
        (with_lines(materials=material(condition="answers.moon == 1.0")), {(12, "materials.food-application")}),
        (with_lines(materials=material(condition="premises.area > 1.0")), {(12, "materials.food-application")}),
        (changed(process_key="by-magic"), {(13, "process_key")}),
        (changed(decision_place="outside"), {(15, "outside_system_zh")}),
        (changed(process_key="on-the-spot"), {(15, "process_key")}),
        (changed(process_key="outside-decision"), {(15, "process_key")}),
        (changed(form={**LICENCE.version["form"], "gives": ["moon.phase"]}), {(14, "form")}),
        (with_lines(legal_bases=[]), {(15, "legal_bases")}),
    ],
)
def test_each_rule_names_the_field(service: ServiceContent, expected: set[tuple[int, str]]) -> None:
    assert broken(service) == expected


def test_handler_checker_and_approver_are_three_posts() -> None:
    posts = LICENCE.version["posts"] | {"checker": LICENCE.version["posts"]["handler"]}

    assert broken(changed(posts=posts)) == {(15, "posts")}


def test_ten_working_days_equal_two_weeks_only_roughly() -> None:
    """13 calendar days are less than 10 working days by the statistics' month of 22, 14 are more."""
    assert broken(changed(promised_amount=13, promised_unit="calendar_days")) == set()
    assert broken(changed(promised_amount=14, promised_unit="calendar_days")) == {(10, "promised_amount")}


@pytest.mark.parametrize(
    ("use", "sentence"),
    [
        ({"element": "moon.phase"}, "moon.phase"),
        ({"element": "person.email", "visible_if": "answers.moon == 1.0"}, "answers.moon"),
        ({"element": "person.name"}, "twice"),
    ],
)
def test_a_form_asks_known_elements_once_under_known_conditions(use: Mapping[str, Any], sentence: str) -> None:
    form = {**LICENCE.version["form"], "uses": [*LICENCE.version["form"]["uses"], {"required": True, **use}]}

    findings = check_service(changed(form=form), KNOWN)

    assert {one.rule for one in findings} == {14}
    assert sentence in str(findings[0])


def test_a_question_depends_only_on_earlier_ones() -> None:
    question = {**LICENCE.questions[0], "key": "first", "kind": "yes_no", "visible_if": "answers.food_items == 'x'"}
    service = replace(LICENCE, questions=[question, *LICENCE.questions])

    assert (12, "questions.first") in broken(service)


def bundle(**values: Any) -> BundleContent:
    return replace(RESTAURANT, **values)


def part(**values: Any) -> list[dict[str, Any]]:
    first, *others = RESTAURANT.parts
    return [{**first, **values}, *others]


WAITS = {"until_then_zh": "等", "until_then_en": "Wait"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (RESTAURANT, set()),
        (bundle(parts=part(condition="answers.moon == 1.0")), {(12, "parts.business-licence")}),
        (bundle(parts=part(service="unknown")), {(16, "parts.business-licence")}),
        (bundle(parts=part(after=["nothing"], **WAITS)), {(16, "parts.business-licence")}),
        (bundle(parts=part(after=["food-licence"], **WAITS)), {(16, "parts")}),
        (bundle(version={**RESTAURANT.version, "name_en": ""}), {(11, "version.name")}),
        (bundle(version={**RESTAURANT.version, "process_key": "none"}), {(13, "process_key")}),
    ],
)
def test_each_rule_of_a_bundle_names_the_field(content: BundleContent, expected: set[tuple[int, str]]) -> None:
    found = check_bundle(content, CONTENT.services, KNOWN)

    assert {(one.rule, one.field) for one in found} == expected


def test_a_part_that_waits_says_why() -> None:
    parts = [{**row, "until_then_zh": "", "until_then_en": ""} for row in RESTAURANT.parts]

    found = check_bundle(bundle(parts=parts), CONTENT.services, KNOWN)

    assert {one.rule for one in found} == {16}
    assert len(found) == len([row for row in parts if row.get("after")])


def test_a_bundle_asks_what_its_parts_depend_on() -> None:
    questions = [row for row in RESTAURANT.questions if row["key"] != "organisation_kind"]

    found = check_bundle(bundle(questions=questions), CONTENT.services, KNOWN)

    assert (17, "parts.business-licence") in {(one.rule, one.field) for one in found}


def test_a_finding_reads_as_one_line() -> None:
    content = replace(CONTENT, services={"food-licence": changed(promised_amount=50)}, bundles={})

    assert list(map(str, check_content(content, KNOWN))) == [
        "food-licence: promised_amount: The promised limit is longer than the statutory one. (rule 10)"
    ]
