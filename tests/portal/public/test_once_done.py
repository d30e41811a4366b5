"""The once-done list: what is promised in one go, figures of closed cases, filters in the address, a safe file."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.ui.spreadsheet import safe_cell
from services.cases.enums import CaseState
from services.catalogue.models import ServiceVersion
from tests.factories.cases import ApplicationFactory, CaseFactory
from tests.factories.catalogue import published_bundle, published_service
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def english(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


def _names(client: Client, address: str = "/once-done/") -> list[str]:
    return [entry.name["en"] for entry in client.get(address).context["page"]]


def _closed(service: ServiceVersion, count: int) -> None:
    begun = database_now() - timedelta(days=14)
    application = ApplicationFactory.create(service=service, submitted_at=begun)
    for _ in range(count):
        CaseFactory.create(
            application=application,
            state=CaseState.GRANTED,
            filed_at=begun,
            accepted_at=begun,
            decided_at=begun + timedelta(days=7),
        )


def test_what_is_promised_in_one_go_with_what_it_really_took(english: Client) -> None:
    none = published_service(name_en="No visit", audiences=["1"])
    one = published_service(name_en="One visit", visits=1, audiences=["2"])
    published_service(name_en="Two visits", visits=2)
    published_bundle(name_en="Together", parts=[{"service": none.item}, {"service": one.item}])
    _closed(none, 20)
    _closed(one, 19)

    assert _names(english) == ["Together", "No visit", "One visit"]
    entries = {entry.name["en"]: entry for entry in english.get("/once-done/").context["page"]}
    assert (entries["No visit"].measured.cases, entries["No visit"].measured.visits_p90) == (20, 0)
    assert entries["No visit"].measured.days_p50 == entries["No visit"].measured.days_p90 > 0
    assert entries["No visit"].kept
    assert entries["One visit"].measured.hidden
    assert "too few cases" in english.get("/once-done/?q=one").text
    _filters_are_in_the_address(english, one)
    _the_file_is_the_list(english)


def _filters_are_in_the_address(client: Client, one: ServiceVersion) -> None:
    assert _names(client, "/once-done/?visits=1") == ["One visit"]
    assert _names(client, "/once-done/?audience=person") == ["No visit"]
    assert _names(client, "/once-done/?measured=1") == ["No visit"]
    assert _names(client, f"/once-done/?department={one.item.department.code}") == ["One visit"]
    assert _names(client, "/once-done/?visits=7&audience=robots&page=99") == ["Together", "No visit", "One visit"]
    assert "Clear filters" in client.get("/once-done/?q=%00%F0%9F%92%A9'--").text


def _the_file_is_the_list(client: Client) -> None:
    answer = client.get("/once-done/list.csv?measured=1")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row[1] for row in rows] == ["what", "No visit"]
    assert rows[1][5] == "20"


def test_the_number_of_queries_does_not_grow_and_the_second_time_it_is_two(english: Client) -> None:
    counts = []
    for more in (1, 30):
        for _ in range(more):
            published_service()
        for _ in range(2):
            with CaptureQueriesContext(connection) as captured:
                english.get("/once-done/")
            counts.append(len(captured))
    first, again, larger, larger_again = counts
    assert first >= larger
    assert again == larger_again == 2


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "＝1+1", "＠SUM(A1)"])
def test_nothing_in_a_file_is_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert safe_cell(-1) == "-1"
    assert safe_cell("plain") == "plain"
