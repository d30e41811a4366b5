"""The catalogue the project ships: consistent, complete, and honest about what nobody verified."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings

from services.catalogue.content import BundleContent, Content, ServiceContent, read_folder
from services.catalogue.enums import MaterialSource, Necessity
from services.catalogue.queries import SHIPPED_FOLDER, known_to_the_system
from services.catalogue.validators import check_content

BPMN, OURS = "http://www.omg.org/spec/BPMN/20100524/MODEL", "urn:one-stop:bpmn:1"
CONTENT: Content = read_folder(SHIPPED_FOLDER)
SHARED = Path(os.environ.get("SHARED_DATA", settings.ROOT.parent / "shared" / "data"))
FACTS = SHARED / "catalogue" / "cn_guide_facts.json"

# Values the domain notes mark as remembered or invented for the demo: [M] or "demo value".
UNVERIFIED = {
    "business-licence": {"promised_amount", "consult_phone", "complaint_phone", "address"},
    "food-licence": {"promised_amount", "statutory_amount", "extension_amount", "delivery_amount", "afterwards"},
    "fire-safety-check": {"promised_amount"},
    "sign-filing": {"promised_amount", "statutory_amount"},
    "drainage-permit": {"promised_amount", "statutory_amount"},
    "company-registration": {"promised_amount"},
    "construction-permit": {"promised_amount"},
    "fire-design-review": {"promised_amount", "statutory_amount", "special_procedure"},
    "air-defence-review": {"promised_amount"},
    "residence-permit": {"promised_amount"},
    "disability-certificate": {"promised_amount", "statutory_amount", "special_procedure"},
    "housing-fund-retirement": {"promised_amount"},
    "employer-social-insurance": {"promised_amount"},
    "road-freight-licence": {"promised_amount"},
    "dog-registration": {"promised_amount"},
    "lease-filing": {"promised_amount"},
    "id-card": {"promised_amount"},
    "tobacco-licence": {"promised_amount", "statutory_amount"},
    "birth-registration": {"acceptance", "afterwards"},
    "road-occupation": {"promised_amount", "statutory_amount", "afterwards", "stops"},
}
# Limits seen in a public source (domain notes §6): amount, unit.
STATUTORY = {
    "business-licence": (3, "working_days"),
    "company-registration": (3, "working_days"),
    "food-licence": (10, "working_days"),
    "fire-safety-check": (13, "working_days"),
    "construction-permit": (7, "calendar_days"),
    "house-title-transfer": (30, "working_days"),
    "residence-permit": (15, "calendar_days"),
    "housing-fund-retirement": (3, "calendar_days"),
    "employer-social-insurance": (15, "calendar_days"),
    "road-freight-licence": (20, "calendar_days"),
    "dog-registration": (7, "working_days"),
    "lease-filing": (10, "working_days"),
    "id-card": (60, "calendar_days"),
    "subsistence-allowance": (30, "working_days"),
    "small-food-shop-registration": (7, "working_days"),
    "air-defence-review": (20, "working_days"),
}
PROMISED = {
    "business-licence": 1,
    "food-licence": 5,
    "fire-safety-check": 8,
    "fire-safety-promise": 0,
    "sign-filing": 3,
    "drainage-permit": 7,
    "prepackaged-food-filing": 0,
    "house-title-transfer": 1,
    "water-connection": 5,
    "power-connection": 5,
    "gas-connection": 5,
    "heat-connection": 8,
    "subsistence-allowance": 20,
    "birth-registration": 0,
}
SINGLE_ITEMS = {
    "company-registration",
    "food-licence",
    "prepackaged-food-filing",
    "fire-safety-check",
    "sign-filing",
    "construction-permit",
    "fire-design-review",
    "house-title-transfer",
    "residence-permit",
    "disability-certificate",
    "housing-fund-retirement",
    "employer-social-insurance",
    "road-freight-licence",
    "dog-registration",
    "lease-filing",
    "marriage-registration",
    "id-card",
    "subsistence-allowance",
    "birth-registration",
    "road-occupation",
}
BUNDLES = {
    "start-company",
    "open-restaurant",
    "open-convenience-store",
    "construction-permit-stage",
    "house-transfer",
    "new-baby",
}


def services() -> list[ServiceContent]:
    return list(CONTENT.services.values())


def test_nothing_is_inconsistent() -> None:
    findings = check_content(CONTENT, known_to_the_system(CONTENT.processes))

    assert list(map(str, findings)) == []


@pytest.mark.parametrize("bundle", CONTENT.bundles.values(), ids=lambda one: one.code)
def test_a_bundles_drawing_calls_its_parts_with_their_processes(bundle: BundleContent) -> None:
    """The process knows a part by its key with underscores; a part it does not call would never be filed."""
    path = SHIPPED_FOLDER / "processes" / f"{bundle.version['process_key']}.bpmn"
    calls = {
        one.get(f"{{{OURS}}}part"): one.get("calledElement")
        for one in ElementTree.parse(path).iter(f"{{{BPMN}}}callActivity")
    }

    assert calls == {
        row["key"].replace("-", "_"): CONTENT.services[row["service"]].version["process_key"] for row in bundle.parts
    }


def test_the_themes_and_single_items_are_there() -> None:
    assert set(CONTENT.bundles) == BUNDLES
    assert set(CONTENT.services) >= SINGLE_ITEMS
    assert {row["service"] for one in CONTENT.bundles.values() for row in one.parts} <= set(CONTENT.services)


def test_codes_of_services_and_bundles_differ() -> None:
    assert not set(CONTENT.services) & set(CONTENT.bundles)


@pytest.mark.parametrize("code", UNVERIFIED)
def test_what_nobody_verified_says_so(code: str) -> None:
    assert UNVERIFIED[code] <= set(CONTENT.services[code].version["demo_values"])


@pytest.mark.parametrize("service", services(), ids=lambda one: one.code)
def test_demo_texts_and_rows_are_marked(service: ServiceContent) -> None:
    """A row that speaks of a demo value or an unconfirmed rule is not `verified`."""
    for name, rows in service.lines.items():
        for row in rows:
            text = json.dumps(row, ensure_ascii=False)
            if re.search("演示值|待核实|demo value", text):
                assert row.get("verified") is False, f"{name}: {text}"


@pytest.mark.parametrize("service", services(), ids=lambda one: one.code)
def test_demo_values_name_fields_that_exist(service: ServiceContent) -> None:
    stems = {key.removesuffix("_zh") for key in service.version} | {"catalog_code", "stops"}

    demo = set(service.version["demo_values"])
    rules = {f"limit_rules.{name}" for name in service.version["limit_rules"]}
    assert {name for name in demo if not name.startswith("limit_rules.")} <= stems
    assert {name for name in demo if name.startswith("limit_rules.")} <= rules


@pytest.mark.parametrize("code", STATUTORY)
def test_statutory_limits_are_what_the_law_says(code: str) -> None:
    version = CONTENT.services[code].version

    assert (version["statutory_amount"], version["statutory_unit"]) == STATUTORY[code]


@pytest.mark.parametrize("code", PROMISED)
def test_promised_limits_are_what_the_notes_say(code: str) -> None:
    assert CONTENT.services[code].version["promised_amount"] == PROMISED[code]


def test_limits_that_run_from_receipt_say_so() -> None:
    starts = {one.code for one in services() if one.version["clock_start"] == "receipt"}

    assert starts == {"construction-permit", "id-card"}


def test_one_kind_of_document_has_one_name() -> None:
    names: dict[str, set[str]] = {}
    for service in services():
        for row in service.lines["materials"]:
            if row["code"] != "identity-card":  # named after whoever must prove identity
                names.setdefault(row["code"], set()).add(row["name_zh"])

    assert {code: found for code, found in names.items() if len(found) > 1} == {}


def test_documents_the_government_issued_name_the_department() -> None:
    for service in services():
        for row in service.lines["materials"]:
            if row["source"] == MaterialSource.GOVERNMENT:
                assert row.get("source_department"), f"{service.code}: {row['code']}"


def test_the_food_licence_asks_no_health_certificates_and_the_small_shop_does() -> None:
    def documents(code: str) -> set[str]:
        return {row["code"] for row in CONTENT.services[code].lines["materials"]}

    assert "health-certificates" not in documents("food-licence")
    assert "health-certificates" in documents("small-food-shop-registration")


def test_marriage_asks_no_household_booklet() -> None:
    documents = {row["code"] for row in CONTENT.services["marriage-registration"].lines["materials"]}

    assert "household-register" not in documents


def test_some_documents_may_follow_later() -> None:
    deferrable = {
        one.code for one in services() for row in one.lines["materials"] if row.get("necessity") == Necessity.DEFERRABLE
    }

    assert {"food-licence", "construction-permit"} <= deferrable


def test_the_window_takes_in_and_the_department_decides() -> None:
    for service in services():
        posts = service.version["posts"]
        expected = "JDB" if service.version["process_key"] == "two-level-review" else "ZWB"
        assert posts["intake"] == {"department": expected, "role": "clerk"}
        assert posts["approver"] == {"department": service.item["department"], "role": "approver"}


def test_only_the_bundle_with_a_cited_rule_has_a_joint_limit() -> None:
    for bundle in CONTENT.bundles.values():
        assert not bundle.version.get("joint_amount") or bundle.version.get("joint_basis_zh")


@pytest.mark.skipif(not FACTS.exists(), reason="shared data is not here (set SHARED_DATA)")
def test_seen_guide_facts_agree() -> None:
    facts = " ".join(one["fact"] for one in json.loads(FACTS.read_text(encoding="utf-8")))

    assert "施工许可证: 收到申请 7 日内核发" in facts
    permit = CONTENT.services["construction-permit"].version
    assert (permit["statutory_amount"], permit["clock_start"]) == (7, "receipt")
    assert "三个月内开工" in permit["afterwards_zh"]
    assert "领证 3 个月内开工, 延期 2 次为限每次不超过 3 个月" in facts
    assert "9:00-12:00, 13:00-17:00" in facts
    assert "9:00–12:00，13:00–17:00" in permit["hours_zh"]
    assert "食品经营许可新办" in facts
    assert {"food-licence", "fire-safety-check", "sign-filing"} <= {
        row["service"] for row in CONTENT.bundles["open-restaurant"].parts
    }
