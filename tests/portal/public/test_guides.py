"""Guides: the four answers, the honest date, what once saves, marks of unverified values."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.public.guides import bundle_guide, service_guide
from portal.public.situations import fullest_parts
from services.catalogue import queries
from services.catalogue.enums import ClockStart
from tests.factories.catalogue import load_shipped_catalogue, published_bundle, published_service
from workflows.clocks import national_calendar

pytestmark = pytest.mark.django_db
FRIDAY = dt.datetime(2026, 9, 25, 2, 0, tzinfo=dt.UTC)


@pytest.fixture
def english(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


def test_the_promised_date_comes_from_the_working_calendar() -> None:
    published_service(item__code="five-days", promised_amount=5)
    # 25 Sep to 27 Sep 2026 is the Mid-Autumn holiday, 1 to 7 Oct the National Day holiday
    guide = service_guide("five-days", national_calendar(), at=FRIDAY, language="en")
    assert guide.promise.due_on == national_calendar().add_working_days(dt.date(2026, 9, 25), 5)
    assert guide.promise.lines
    assert not guide.promise.on_receipt


def test_a_clock_from_receipt_says_received(english: Client) -> None:
    published_service(item__code="from-receipt", clock_start=ClockStart.RECEIPT)
    assert "Received on" in english.get("/guide/from-receipt/").text


def test_documents_the_government_holds_are_not_asked_for() -> None:
    published_service(
        item__code="two-papers", materials=[{"code": "plan"}, {"code": "licence", "source": "20", "document_form": "4"}]
    )
    guide = service_guide("two-papers", national_calendar(), at=FRIDAY, language="en")
    assert [document.material.code for document in guide.yours] == ["plan"]
    assert [document.material.code for document in guide.fetched] == ["licence"]


def _two_part_bundle(code: str = "both") -> None:
    asks = [{"element": "person.name"}, {"element": "premises.address"}]
    first = published_service(form={"asks": asks}, materials=[{"code": "plan"}, {"code": "rules"}])
    second = published_service(form={"asks": asks[:1]}, materials=[{"code": "plan"}])
    published_bundle(
        bundle__code=code,
        parts=[
            {"service": first.item, "key": "a"},
            {"service": second.item, "key": "b", "after": ["a"], "until_then_zh": "等", "until_then_en": "wait",
             "condition": "answers.sign == true"},
        ],
        questions=[{"key": "sign"}],
    )  # fmt: skip


def test_a_bundle_counts_what_once_saves_and_shows_its_stages() -> None:
    _two_part_bundle()
    guide = bundle_guide("both", national_calendar(), at=FRIDAY, language="en")
    assert [[part.part.key for part in stage] for stage in guide.stages] == [["a"], ["b"]]
    assert [(saving.alone, saving.once) for saving in guide.savings] == [(2, 1), (3, 2), (3, 2)]
    plan = next(document for document in guide.yours if document.material.code == "plan")
    assert len(plan.used_by) == 2


def test_a_bundle_of_many_parts_takes_as_many_queries_as_one_of_two(client: Client) -> None:
    _two_part_bundle()
    parts = [{"service": published_service(materials=[{}]).item} for _ in range(12)]
    published_bundle(bundle__code="many", parts=parts, questions=[{"key": "sign"}])
    counts = []
    for code in ("both", "many"):
        client.get(f"/guide/{code}/")
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/guide/{code}/")
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("address", ["/guide/nothing/", "/guide/nothing/process/", "/guide/nothing/process.bpmn"])
def test_unknown_codes_are_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_the_shipped_guides(english: Client) -> None:
    load_shipped_catalogue()
    text = english.get("/guide/food-licence/").text
    places = [text.index(f"</svg>{words}</dt>") for words in ("Who", "What to bring", "How long", "How much")]
    assert places == sorted(places)
    assert places[-1] < text.index("Legal basis</h2>")
    assert "demo value" in text
    _leaves_out_what_excludes_itself()
    _takes_few_queries(english)
    _allows_style_attributes_beside_the_diagram_only(english)


def _leaves_out_what_excludes_itself() -> None:
    keys = {part.key for part in fullest_parts(queries.current_bundle_version("open-restaurant"))}
    assert {"business-licence", "sign-filing", "drainage-permit"} <= keys
    assert len(keys & {"food-licence", "small-food-shop-registration"}) == 1
    assert len(keys & {"fire-safety-check", "fire-safety-promise"}) == 1


def _takes_few_queries(client: Client) -> None:
    for language in ("zh-hans", "en"):
        client.cookies["django_language"] = language
        for code in ("food-licence", "open-restaurant"):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(f"/guide/{code}/").status_code == 200
            assert len(captured) <= 15


def _allows_style_attributes_beside_the_diagram_only(client: Client) -> None:
    policy = "Content-Security-Policy"
    assert "style-src-attr 'unsafe-inline'" in client.get("/guide/food-licence/process/").headers[policy]
    assert "unsafe-inline" not in client.get("/guide/food-licence/").headers[policy]
