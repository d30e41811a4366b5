"""Guides: the four answers, the honest date, the situation in the address, what is kept in memory and until when."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.public.guides import Guide, current_offer, guide_of
from portal.situations.fullest import fullest_parts
from services.catalogue import queries
from services.catalogue.enums import ClockStart
from services.documents.models import KeptDocument
from tests.factories.cases import ApplicationFactory, CaseFactory
from tests.factories.catalogue import load_shipped_catalogue, published_bundle, published_service
from tests.factories.documents import make_upload
from tests.factories.parties import PersonFactory
from workflows.clocks import national_calendar
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db
#: A Friday, 10:00 in the city; 25 to 27 Sep 2026 is the Mid-Autumn holiday, 1 to 7 Oct the National Day holiday.
FRIDAY = dt.datetime(2026, 9, 25, 2, 0, tzinfo=dt.UTC)
MONDAY = dt.datetime(2026, 9, 28, 2, 0, tzinfo=dt.UTC)
PAPERS = [{"code": "plan"}, {"code": "licence", "source": "20", "document_form": "4"}]


@pytest.fixture
def english(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


def guide_for(code: str, answers: dict[str, Any] | None = None, at: dt.datetime = MONDAY) -> Guide:
    return guide_of(current_offer(code), answers or {}, national_calendar(), at=at, language="en")


def test_the_promised_date_comes_from_the_working_calendar_and_says_what_it_assumes() -> None:
    published_service(item__code="five-days", promised_amount=5, statutory_amount=20)
    on_a_holiday, on_a_monday = guide_for("five-days", at=FRIDAY), guide_for("five-days")

    assert on_a_holiday.needs.assumption.accepted_on == dt.date(2026, 9, 28)
    assert on_a_holiday.promise == guide_for("five-days", at=FRIDAY).promise
    promise = on_a_monday.promise
    assert promise is not None
    assert not on_a_monday.needs.assumption.waits
    assert promise.due_on == national_calendar().add_working_days(dt.date(2026, 9, 28), 5)
    assert promise.by_law_on == national_calendar().add_working_days(dt.date(2026, 9, 28), 20)
    assert promise.lines
    assert not promise.on_receipt


def test_a_clock_from_receipt_says_received(english: Client) -> None:
    published_service(item__code="from-receipt", clock_start=ClockStart.RECEIPT)
    assert "received on" in english.get("/guide/from-receipt/").text


def test_documents_the_government_holds_are_not_asked_for(english: Client) -> None:
    published_service(item__code="two-papers", materials=PAPERS)
    needs = guide_for("two-papers").needs
    assert [document.material.code for document in needs.yours] == ["plan"]
    assert [document.material.code for document in needs.fetched] == ["licence"]
    text = english.get("/guide/two-papers/").text
    assert "We already have this" in text
    assert "which one is not stated" in text


def _bundle(code: str = "both") -> None:
    asks = [{"element": "person.name"}, {"element": "premises.address"}]
    first = published_service(form={"uses": asks}, materials=[{"code": "plan"}, {"code": "rules"}], promised_amount=3)
    second = published_service(form={"uses": asks[:1]}, materials=[{"code": "plan"}], promised_amount=5)
    published_bundle(
        bundle__code=code,
        parts=[
            {"service": first.item, "key": "a"},
            {"service": second.item, "key": "b", "after": ["a"], "until_then_zh": "等", "until_then_en": "wait",
             "condition": "answers.sign == true"},
        ],
        questions=[{"key": "sign"}],
        stops=[{"condition": "answers.sign == false", "message_en": "Without a sign nothing is needed."}],
    )  # fmt: skip


def test_a_bundle_dates_its_services_one_after_the_other_and_shows_its_stages() -> None:
    _bundle()
    guide = guide_for("both")
    assert [[step.part.key for step in stage] for stage in guide.stages] == [["a"], ["b"]]
    calendar = national_calendar()
    first, second = guide.needs.promises["a"], guide.needs.promises["b"]
    assert first.due_on == calendar.add_working_days(dt.date(2026, 9, 28), 3)
    assert second.from_on == first.due_on
    assert second.due_on == calendar.add_working_days(first.due_on, 5)
    assert guide.promise == second
    plan = next(document for document in guide.needs.yours if document.material.code == "plan")
    assert len(plan.used_by) == 2


def test_answers_decide_and_what_once_saves_is_calculated() -> None:
    _bundle()
    open_yet, with_sign, without = (guide_for("both", answers) for answers in ({}, {"sign": True}, {"sign": False}))
    assert [part.fate for part in open_yet.needs.parts] == ["needed", "open"]
    assert open_yet.fullest
    sums = {one.key: (one.saving.separately, one.saving.once) for one in with_sign.sums}
    assert sums == {"applications": (2, 1), "fields": (3, 2), "documents": (3, 2), "visits": (4, 0), "days": (8, 8)}
    assert sums == {one.key: (one.saving.separately, one.saving.once) for one in open_yet.sums}
    assert [part.key for part in without.needs.left_out] == ["b"]
    assert without.sums == []


def test_answers_stand_in_the_address_and_go_with_the_start(english: Client) -> None:
    _bundle()
    page = english.get("/guide/both/?sign=yes")
    assert 'href="/my/apply/bundle/both/?sign=yes"' in page.text
    assert re.search(r'name="sign"\s+value="yes"\s+checked|value="yes"[^>]*checked', page.text)
    stopped = english.get("/guide/both/?sign=no").text
    assert "Without a sign nothing is needed." in stopped
    assert 'href="/my/apply/' not in stopped
    assert english.get("/guide/both/?sign=perhaps").status_code == 200
    changed = english.get("/guide/both/?sign=yes&more=1", headers={"HX-Request": "true"})
    assert changed.headers["HX-Replace-Url"] == "/guide/both/?sign=yes"
    assert "<html" not in changed.text
    assert 'id="guide-rest" hx-swap-oob' in changed.text


def test_many_parts_take_as_many_queries_as_two_and_the_second_time_one(client: Client) -> None:
    _bundle()
    parts = [{"service": published_service(materials=[{}]).item} for _ in range(12)]
    published_bundle(bundle__code="many", parts=parts, questions=[{"key": "sign"}])
    counts = []
    client.get("/guide/both/?unknown=1")  # the calendar is built once per process
    for address in ("/guide/both/", "/guide/many/", "/guide/both/", "/guide/many/?sign=yes"):
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        counts.append(len(captured))
    assert counts[3] < counts[0] == counts[1] <= 20
    assert counts[2] == 1


def test_what_is_kept_is_dropped_when_the_catalogue_changes(english: Client) -> None:
    version = published_service(item__code="renamed", item__department__phone="0371-99999991")
    assert "Service renewed" not in english.get("/guide/renamed/").text
    queries.ServiceVersion.objects.filter(pk=version.pk).update(state="3", retired_at=MONDAY)
    assert english.get("/guide/renamed/").status_code == 404
    published_service(item=version.item, number=2, name_en="Service renewed")
    assert "Service renewed" in english.get("/guide/renamed/").text


def test_every_writer_makes_a_new_edition() -> None:
    service = published_service()
    editions = [queries.edition_and_now()[0]]
    department = service.item.department
    for change in (
        lambda: department.save(),
        lambda: department.halls.create(code="hall", name_zh="厅", name_en="Hall", phone="1"),
        lambda: published_service(),
    ):
        change()
        editions.append(queries.edition_and_now()[0])
    assert len(set(editions)) == 4


def test_machines_read_the_guide_too(english: Client) -> None:
    published_service(item__code="read-me", name_en="</script><b>Bold & brave", audiences=["1"])
    page = english.get("/guide/read-me/")
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page.text, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    assert (data["@context"], data["@type"]) == ("https://schema.org", "GovernmentService")
    assert data["name"] == "</script><b>Bold & brave"
    assert data["offers"] == [{"@type": "Offer", "price": "0", "priceCurrency": "CNY"}]
    assert data["provider"]["telephone"]


def test_the_qr_code_leads_to_the_guide_with_its_answers(client: Client) -> None:
    _bundle()
    drawings = [client.get(f"/guide/both/qr.svg{query}") for query in ("", "?sign=yes", "?sign=yes&junk=1")]
    assert all(one.headers["Content-Type"] == "image/svg+xml" for one in drawings)
    assert drawings[0].content != drawings[1].content == drawings[2].content


def test_what_it_really_took_is_shown_from_twenty_cases_on(english: Client) -> None:
    service = published_service(item__code="often")
    begun = database_now() - dt.timedelta(days=14)
    application = ApplicationFactory.create(service=service, submitted_at=begun)
    for _ in range(19):
        CaseFactory.create(
            application=application, state="granted", filed_at=begun, decided_at=begun + dt.timedelta(days=7)
        )
    assert "19 comparable cases were closed. Under 20 we show no figures" in english.get("/guide/often/").text
    CaseFactory.create(application=application, state="granted", filed_at=begun, decided_at=begun)
    caches["pages"].clear()  # the figures end yesterday, so that a page keeps them all day
    text = english.get("/guide/often/").text
    assert "20 cases of this service, decided from" in text
    assert "nine in ten at most" in text


def test_a_visitor_who_signed_in_sees_what_her_wallet_holds_already(english: Client) -> None:
    published_service(item__code="two-papers", materials=[{"code": "layout-plan", "name_en": "Plan of the premises"}])
    owner, other = PersonFactory.create(), PersonFactory.create()
    for person in (owner, other):
        assert person.user is not None
        type(person.user).objects.filter(pk=person.user.pk).update(language="en")
    KeptDocument.objects.create(
        upload=make_upload(), party_kind="person", party_id=owner.pk, kept_by=owner.user, kept_at=MONDAY,
        kept_until=dt.date(2099, 12, 31),
    )  # fmt: skip
    english.force_login(owner.user)
    text = english.get("/guide/two-papers/").text
    assert "What you have here already" in text
    assert "Plan of the premises" in text.partition("What you have here already")[2].partition("</section>")[0]
    english.force_login(other.user)
    assert "What you have here already" not in english.get("/guide/two-papers/").text


@pytest.mark.parametrize("address", ["", "process/", "process.bpmn", "qr.svg"])
def test_unknown_codes_are_not_found(client: Client, address: str) -> None:
    assert client.get(f"/guide/nothing/{address}").status_code == 404


def test_the_shipped_guides(english: Client) -> None:
    load_shipped_catalogue()
    text = english.get("/guide/food-licence/").text
    places = [text.index(f"</svg>{words}</dt>") for words in ("Who", "What to bring", "How long", "How much")]
    assert places == sorted(places)
    assert places[-1] < text.index("Legal basis</h2>")
    assert "demo value" in text
    assert "Under 20 we show no figures" in text
    _leaves_out_what_excludes_itself()
    _renders_every_guide(english)
    _allows_style_attributes_beside_the_diagram_only(english)


def _leaves_out_what_excludes_itself() -> None:
    keys = {part.key for part in fullest_parts(queries.current_bundle_version("open-restaurant"))}
    assert {"business-licence", "sign-filing", "drainage-permit"} <= keys
    assert len(keys & {"food-licence", "small-food-shop-registration"}) == 1
    assert len(keys & {"fire-safety-check", "fire-safety-promise"}) == 1


def _renders_every_guide(client: Client) -> None:
    codes = [version.code for version in queries.published_items()][::6]
    codes += [version.code for version in queries.published_bundles()]
    for language in ("zh-hans", "en"):
        client.cookies["django_language"] = language
        for code in codes:
            with CaptureQueriesContext(connection) as captured:
                assert client.get(f"/guide/{code}/").status_code == 200
            assert len(captured) <= 25


def _allows_style_attributes_beside_the_diagram_only(client: Client) -> None:
    policy = "Content-Security-Policy"
    assert "style-src-attr 'unsafe-inline'" in client.get("/guide/food-licence/process/").headers[policy]
    assert "unsafe-inline" not in client.get("/guide/food-licence/").headers[policy]
