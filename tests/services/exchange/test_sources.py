"""The description of the registers is sound, and a wrong one is told apart sentence by sentence."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from django.core.checks import run_checks

from services.catalogue.content import read_folder
from services.catalogue.enums import DocumentForm, MaterialSource
from services.catalogue.queries import SHIPPED_FOLDER
from services.exchange.apps import check_sources
from services.exchange.description import faults_of
from services.exchange.sources import DESCRIPTION, sources

SHIPPED: dict[str, Any] = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))


def test_the_shipped_description_has_no_fault() -> None:
    assert check_sources() == []
    assert not [message for message in run_checks() if message.id == "exchange.E001"]
    for source in sources().values():
        assert source.path == f"/sources/{source.code}"
        assert source.name_zh != source.name_en
        assert source.basis_zh


def test_what_the_government_issued_has_a_register_that_gives_it() -> None:
    """A document that nobody is asked for must come from somewhere, for the applicant and for the office."""
    asked = {
        row["code"]: row
        for service in read_folder(SHIPPED_FOLDER).services.values()
        for row in service.lines["materials"]
    }
    held = {
        code
        for code, row in asked.items()
        if row["source"] == MaterialSource.GOVERNMENT and row.get("document_form") != DocumentForm.PAPER
    }
    for purpose in ("document", "handling"):
        given = {code for one in sources().values() if purpose in one.purposes for code in one.documents}
        assert held - given == set(), f"give them a register in sources.yaml ({purpose}), or ask the applicant for them"
        assert given - set(asked) == set(), "no service asks for these"


def _set(**given: Any) -> Callable[[dict[str, Any]], None]:
    return lambda one: one.update(given)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_set(path="//elsewhere.example/x"), "plain path"),
        (_set(path="/sources/../admin"), "plain path"),
        (_set(path="http://10.0.0.1/"), "plain path"),
        (_set(path="/sources@elsewhere"), "plain path"),
        (_set(adapter="fax"), "no adapter fax"),
        (_set(sensitivity="secret"), "sensitivity"),
        (_set(seconds={"connect": 2, "read": 5, "total": 1}), "above the total"),
        (_set(seconds={"connect": 2, "read": 5, "total": 3600}), "seconds"),
        (_set(seconds={"connect": 2}), "lacks"),
        (_set(breaker={"failures": 0, "rest": 30}), "breaker"),
        (_set(holder=""), "need a holder"),
        (_set(holder="nobody"), "no field"),
        (_set(documents={"title-certificate": {"fields": ["colour"]}}), "not described"),
        (_set(documents={"title-certificate": {"fields": ["owner"], "key": "person.name"}}), "is no key"),
        (_set(purposes={"curiosity": {"consent": True, "keeps": 0}}), "no text"),
        (_set(keys={"premises.colour": {"whose": "typed", "elements": {}}}), "no data element"),
        (_set(keys={"person.name": {"whose": "anybody", "elements": {"x": "premises.colour"}}}), "no data element"),
        (_set(keys={}), "needs a key"),
        (lambda one: one.pop("basis"), "lacks"),
    ],
)
def test_a_wrong_description_says_what_is_wrong(spoil: Callable[[dict[str, Any]], None], told: str) -> None:
    one = copy.deepcopy(SHIPPED["property-registry"])
    spoil(one)
    faults = faults_of({"property-registry": one})
    assert any(told in fault and fault.startswith("property-registry: ") for fault in faults), faults
