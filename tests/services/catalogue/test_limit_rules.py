"""The document of further rules of time: the law's own where it says nothing, nothing without a citation."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.catalogue.content import ContentError, read_folder
from services.catalogue.enums import RegionSetting
from services.catalogue.limit_rules import Period, months_after, problems_of, read_limit_rules
from services.catalogue.queries import SHIPPED_FOLDER

CITATION = {"zh": "演示条例第一条", "en": "Demo Regulation, art. 1"}


def test_an_empty_document_is_the_law_itself() -> None:
    rules = read_limit_rules({})
    assert (rules.notice, rules.hearing.request, rules.hearing.hold, rules.hearing.notice) == (
        Period(amount=5),
        5,
        20,
        7,
    )
    assert rules.silence_accepts is not None
    assert "art. 32(4)" in rules.silence_accepts.en
    assert [rules.setting(name) for name in RegionSetting] == [None] * 5
    assert (rules.deferred, rules.renewal, rules.post_permit_check, rules.publicity, rules.pauses) == (None,) * 4 + (
        [],
    )


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"moon": {}}, "moon"),
        ({"settings": {"tacit_approval": {}}}, "settings.tacit_approval"),
        ({"settings": {"moon": {"citation": CITATION}}}, "settings"),
        ({"silence": {"accepts": False}}, "silence"),
        ({"pauses": [{"code": "survey"}]}, "pauses.1"),
        ({"renewal": {"citation": CITATION}}, "renewal.opens_before"),
        ({"publicity": {"amount": 5, "unit": "working_days"}}, "publicity"),
        ({"post_permit_check": {"amount": -1, "citation": CITATION}}, "post_permit_check"),
        ({"stages": {"handle": {"amount": 1, "unit": "weeks"}}}, "stages.handle"),
        ({"deferred_documents": {"amount": 5, "days": 3}}, "deferred_documents"),
    ],
)
def test_what_is_wrong_is_named(document: dict[str, Any], where: str) -> None:
    assert where in {place for place, _sentence in problems_of(document)}


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), 12, date(2027, 1, 15)),
    ],
)
def test_months_end_on_the_same_day_or_the_last(day: date, months: int, later: date) -> None:
    assert months_after(day, months) == later


def folder_with(tmp_path: Path, *, enacted: dict[str, Any]) -> Path:
    """Return a copy of the shipped folder whose sign filing uses tacit approval, and whose region enacts this."""
    folder = Path(shutil.copytree(SHIPPED_FOLDER, tmp_path / "data"))
    regions = folder / "regions.yaml"
    content = yaml.safe_load(regions.read_text(encoding="utf-8"))
    content["regions"]["CN-410100"]["settings"] = enacted
    regions.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    service = folder / "services" / "sign-filing.yaml"
    text = service.read_text(encoding="utf-8").replace("\nlimits:\n", "\nlimits:\n  uses: [tacit_approval]\n")
    service.write_text(text, encoding="utf-8")
    return folder


def test_a_version_keeps_the_text_of_the_region_s_rule(tmp_path: Path) -> None:
    enacted = {"tacit_approval": {"citation": CITATION, "verified": False}}
    version = read_folder(folder_with(tmp_path, enacted=enacted)).services["sign-filing"].version
    rule = read_limit_rules(version["limit_rules"]).setting(RegionSetting.TACIT_APPROVAL)
    assert rule is not None
    assert rule.en == CITATION["en"]
    assert "limit_rules.settings.tacit_approval" in version["demo_values"]


def test_a_rule_the_region_has_not_enacted_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="tacit_approval"):
        read_folder(folder_with(tmp_path, enacted={}))


def test_the_demo_region_enacts_nothing() -> None:
    versions = [one.version for one in read_folder(SHIPPED_FOLDER).services.values()]
    assert all(not read_limit_rules(version["limit_rules"]).settings for version in versions)
