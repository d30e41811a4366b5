"""Fill in and fetch what registers know: with consent, without overwriting, and whatever fails, by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from portal.demo.registry import Fault, Registry
from services.cases.enums import OriginKind
from services.cases.models import Application
from services.cases.operations.drafts import NotAllowedError, save_draft, start_draft
from services.cases.operations.prefilling import (
    fill_from_profile,
    keep_typed_values,
    prefill,
    take_back_consent,
    use_register_values,
)
from services.cases.operations.submission import find_problems, review_hash
from services.cases.origins import read_origin
from services.cases.queries.prefilling import held_documents, prefill_offers, unfetched
from services.catalogue.queries import current_bundle_version
from services.documents import storage
from services.documents.queries import uploads_of
from services.exchange.models import CachedAnswer, SharingConsent, SourceCall
from services.exchange.queries import consents_ever_of
from services.parties.queries import person_of
from tests.factories.applications import user
from tests.factories.parties import MandateFactory
from tests.factories.registers import running_registers
from tests.services.cases.conftest import MORNING

pytestmark = pytest.mark.usefixtures("city")

AT = MORNING + timedelta(hours=1)
LATER = AT + timedelta(minutes=20)
HOUSE = {
    "contract_registered": False,
    "house_use": "residential",
    "has_mortgage": False,
    "transfer_utilities": ["water"],
}
NEXT_DAY = AT + timedelta(days=1)
TITLE_AS_KEPT = "豫(2023)郑州市不动产权第0000002号"
TITLE = "豫（2023）郑州市不动产权第0000002号"


@pytest.fixture
def registry(settings: Any) -> Iterator[Registry]:
    with running_registers(settings) as server:
        yield server


def house(by: str = "owner", **answers: Any) -> Application:
    person = user(by)
    draft = start_draft(
        offer=current_bundle_version("house-transfer"),
        party=person_of(person).ref,
        by=person,
        at=MORNING,
        situation=HOUSE,
    )
    return save_draft(application_id=draft.pk, answers=answers, by=person, at=MORNING) if answers else draft


def offered(draft: Application) -> dict[str, Any]:
    return {offer.code: offer for offer in prefill_offers(draft)}


def test_only_what_the_form_asks_and_the_documents_need_is_offered() -> None:
    offers = offered(house())
    assert set(offers) == {
        "household-registry:prefill", "household-registry:document", "property-registry:prefill",
        "property-registry:document", "tax:document",
    }  # fmt: skip
    household = offers["household-registry:prefill"]
    assert [one.code for one in household.elements] == ["person.name"]
    assert household.key_value == "410105190306120085", "her own registered number, not one that is typed"
    assert [need.code for need in offers["household-registry:document"].documents] == ["identity-card"]
    titles = offers["property-registry:document"]
    assert (titles.key_value, [need.code for need in titles.documents]) == ("", ["title-certificate", "parcel-survey"])
    assert "property.address" in {one.code for one in offers["property-registry:prefill"].elements}
    assert offered(house("foreigner")).keys() & {"household-registry:prefill"} == set(), (
        "no register knows her passport"
    )


def test_a_typed_number_never_opens_the_register_of_people(registry: Registry) -> None:
    draft = house("owner2", **{"person.id_number": "410105190306120085"})
    prefill(application_id=draft.pk, chosen=["household-registry:prefill"], by=user("owner2"), at=AT)
    draft.refresh_from_db()
    assert draft.answers["person.name"] == "王建国"


def test_prefill_fills_what_is_empty_and_asks_about_what_differs(registry: Registry) -> None:
    owner = user("owner")
    draft = house(**{"property.certificate_number": TITLE, "property.area": 90, "property.use": "residential"})
    before = review_hash(draft)
    (reading,) = prefill(application_id=draft.pk, chosen=["property-registry:prefill", "nonsense"], by=owner, at=AT)
    draft.refresh_from_db()
    assert draft.answers["property.address"] == "郑州市金水区演示路12号院3号楼2单元501号"
    assert draft.answers["property.mortgaged"] is False
    assert draft.answers["property.area"] == 90, "what she typed stays"
    assert reading.differing == {"property.area": 89.6}
    assert set(reading.filled) >= {"property.address", "property.use", "property.unit_number", "property.held_since"}
    assert draft.origins["property.address"] == {
        "by": "source", "source": "property-registry", "who": owner.pk, "at": AT.isoformat(), "confirmed_at": None,
    }  # fmt: skip
    assert draft.origins["property.use"]["by"] == "typed", "she typed it, the register only agrees"
    assert review_hash(draft) != before
    consent = SharingConsent.objects.get()
    assert (consent.given_by, consent.given_at, consent.purpose, consent.subject_id) == (
        owner,
        AT,
        "prefill",
        str(draft.pk),
    )
    assert SourceCall.objects.get().purpose == "prefill"

    assert use_register_values(application_id=draft.pk, codes=["property.area", "person.name"], by=owner, at=AT) == [
        "property.area"
    ]
    draft.refresh_from_db()
    assert (draft.answers["property.area"], draft.origins["property.area"]["by"]) == (89.6, "source")
    assert use_register_values(application_id=draft.pk, codes=["property.area"], by=owner, at=AT) == [], "once"


def test_the_register_s_newer_value_replaces_its_own_older_one(registry: Registry) -> None:
    draft = house(**{"property.certificate_number": TITLE})
    prefill(application_id=draft.pk, chosen=["property-registry:prefill"], by=user("owner"), at=AT)
    registry.entries["property-registry"][TITLE_AS_KEPT] = {
        "owner": "李雯",
        "address": "郑州市金水区演示新路1号",
    }
    (reading,) = prefill(application_id=draft.pk, chosen=["property-registry:prefill"], by=user("owner"), at=LATER)
    draft.refresh_from_db()
    assert draft.answers["property.address"] == "郑州市金水区演示新路1号"
    assert "property.area" in reading.missing
    assert draft.answers["property.area"] == 89.6, "what is gone there stays here until she changes it"
    keep_typed_values(application_id=draft.pk, by=user("owner"), at=LATER)


def test_a_register_that_knows_the_district_alone_leaves_the_street_office_to_her(registry: Registry) -> None:
    owner, entry = user("owner"), registry.entries["property-registry"][TITLE_AS_KEPT]
    entry["division"] = "410105"
    draft = house(**{"property.certificate_number": TITLE})
    prefill(application_id=draft.pk, chosen=["property-registry:prefill"], by=owner, at=AT)
    draft.refresh_from_db()
    assert draft.answers["property.division"] == "410105"
    asked = {one.code: one.en for one in find_problems(draft, at=AT) if one.kind == "element"}
    assert asked["property.division"] == "Go on: choose the street or town."

    save_draft(application_id=draft.pk, answers={"property.division": "410105902"}, by=owner, at=AT)
    (reading,) = prefill(application_id=draft.pk, chosen=["property-registry:prefill"], by=owner, at=LATER)
    draft.refresh_from_db()
    assert draft.answers["property.division"] == "410105902", "what she chose lies in what the register says"
    assert "property.division" not in reading.differing

    entry["division"] = "410103"
    (reading,) = prefill(application_id=draft.pk, chosen=["property-registry:prefill"], by=owner, at=NEXT_DAY)
    assert reading.differing["property.division"] == "410103", "another district is another place"


def test_somebody_else_s_house_stays_closed(registry: Registry) -> None:
    draft = house("owner2", **{"property.certificate_number": TITLE})
    chosen = ["property-registry:prefill", "property-registry:document"]
    filled, documents = prefill(application_id=draft.pk, chosen=chosen, by=user("owner2"), at=AT)
    draft.refresh_from_db()
    assert not filled.is_holders
    assert "property.mortgaged" not in draft.answers
    assert documents.missing == ["title-certificate", "parcel-survey"]
    assert not uploads_of("application", draft.pk).exists()


def test_documents_are_fetched_as_records_that_look_like_no_certificate(registry: Registry) -> None:
    draft = house(**{"property.certificate_number": TITLE})
    chosen = ["property-registry:document", "household-registry:document", "tax:document"]
    readings = prefill(application_id=draft.pk, chosen=chosen, by=user("owner"), at=AT)
    assert {code for one in readings for code in one.filled} == {
        "title-certificate", "parcel-survey", "identity-card", "tax-record",
    }  # fmt: skip
    title = uploads_of("application", draft.pk, material_code="title-certificate").get()
    assert title.origin["source"] == "property-registry"
    assert title.origin["at"] == AT.isoformat()
    assert storage.path_of(title.storage_key).read_bytes().startswith(b"%PDF")
    record = json.loads(storage.path_of(title.original_key).read_text(encoding="utf-8"))
    assert record["owner"] == "李雯"
    assert storage.digest_of(storage.path_of(title.original_key)) == title.original_sha256
    there = {held.need.code: [one.pk for one in held.files] for held in held_documents(draft)}
    assert there["title-certificate"] == [title.pk]
    assert not [one for one in find_problems(draft, at=AT) if one.kind == "material" and one.code in there]
    again = prefill(application_id=draft.pk, chosen=["property-registry:document"], by=user("owner"), at=LATER)
    assert again[0].filled == ["title-certificate", "parcel-survey"]
    assert uploads_of("application", draft.pk, material_code="title-certificate").count() == 1, (
        "the older one gives way"
    )


def test_a_source_that_is_down_is_marked_and_can_be_asked_again(registry: Registry) -> None:
    owner = user("owner")
    draft = house(**{"property.certificate_number": TITLE})
    registry.faults.extend([Fault(kind="status", value=503, source="property-registry")] * 2)
    chosen = ["property-registry:prefill", "property-registry:document", "household-registry:prefill"]
    readings = {
        (one.source, one.purpose): one for one in prefill(application_id=draft.pk, chosen=chosen, by=owner, at=AT)
    }
    assert readings["household-registry", "prefill"].filled == ["person.name"], "the others are not held up"
    assert readings["property-registry", "prefill"].outcome == "unavailable"
    draft.refresh_from_db()
    marked = unfetched(draft)
    assert marked["property.address"].asked_at == AT
    held = {one.need.code: one for one in held_documents(draft)}
    assert held["title-certificate"].reading.outcome == "unavailable"
    assert not [one for one in find_problems(draft, at=AT) if one.code == "title-certificate"], (
        "it keeps nobody from filing"
    )

    save_draft(application_id=draft.pk, answers={"property.address": "金水区演示路12号院"}, by=owner, at=AT)
    draft.refresh_from_db()
    assert "property.address" not in unfetched(draft), "entered by hand"
    (again,) = prefill(application_id=draft.pk, chosen=["property-registry:prefill"], by=owner, at=LATER)
    draft.refresh_from_db()
    assert again.differing == {"property.address": "郑州市金水区演示路12号院3号楼2单元501号"}
    assert draft.answers["property.area"] == 89.6
    assert unfetched(draft) == {}


def test_a_consent_is_taken_back_and_nothing_more_is_read(registry: Registry) -> None:
    owner = user("owner")
    draft = house()
    prefill(application_id=draft.pk, chosen=["household-registry:prefill"], by=owner, at=AT)
    assert take_back_consent(application_id=draft.pk, code="household-registry:prefill", by=owner, at=LATER)
    assert not take_back_consent(application_id=draft.pk, code="household-registry:prefill", by=owner, at=LATER)
    assert not take_back_consent(application_id=draft.pk, code="<script>", by=owner, at=LATER)
    assert offered(draft)["household-registry:prefill"].consent is None
    (consent,) = consents_ever_of("application", draft.pk)
    assert (consent.withdrawn_at, consent.withdrawn_by) == (LATER, owner), "it stays on record"
    CachedAnswer.objects.all().delete()
    calls = len(registry.calls)
    prefill(application_id=draft.pk, chosen=[], by=owner, at=LATER)
    assert len(registry.calls) == calls
    with pytest.raises(NotAllowedError):
        prefill(application_id=draft.pk, chosen=["household-registry:prefill"], by=user("citizen"), at=LATER)
    assert len(registry.calls) == calls


def test_a_value_no_form_would_take_is_not_taken_from_a_register_either(registry: Registry) -> None:
    entry = {
        "owner": "李雯",
        "address": "a\0b",
        "area": "NaN",
        "use": "飞船",
        "unit_number": "short",
        "held_since": "soon",
    }
    registry.entries["property-registry"]["豫(2023)郑州市不动产权第0000002号"] = entry
    draft = house(**{"property.certificate_number": TITLE})
    (reading,) = prefill(application_id=draft.pk, chosen=["property-registry:prefill"], by=user("owner"), at=AT)
    draft.refresh_from_db()
    assert reading.filled == []
    assert set(draft.answers) == {"property.certificate_number"}


def test_what_she_is_registered_with_here_is_filled_in_and_waits_for_her_to_confirm_it() -> None:
    owner = user("owner")
    person, draft = person_of(owner), house(**{"person.mobile": "13800000009"})
    assert fill_from_profile(application_id=draft.pk, by=owner, at=AT) == [
        "person.name", "person.id_type", "person.id_number",
    ]  # fmt: skip
    draft.refresh_from_db()
    assert draft.answers == {
        "person.name": person.name,
        "person.id_type": person.id_kind,
        "person.id_number": person.id_number,
        "person.mobile": "13800000009",  # typed: it stays
    }
    origins = {code: read_origin(stored) for code, stored in draft.origins.items()}
    assert {code for code, one in origins.items() if one.by == OriginKind.PROFILE} == set(draft.answers) - {
        "person.mobile"
    }
    assert origins["person.name"].waits_for_confirmation
    assert fill_from_profile(application_id=draft.pk, by=owner, at=LATER) == []


def test_an_agent_is_shown_nothing_of_her_principals_profile() -> None:
    owner, agent = user("owner"), user("agent")
    MandateFactory(person=person_of(owner), organisation=None, agent=person_of(agent), valid_from=MORNING)
    draft = start_draft(
        offer=current_bundle_version("house-transfer"), party=person_of(owner).ref, by=agent, at=AT, situation=HOUSE
    )
    assert fill_from_profile(application_id=draft.pk, by=agent, at=AT) == []
    draft.refresh_from_db()
    assert draft.answers == {}
