"""Checking a paper: what anybody who holds it may know, and nothing more."""

from __future__ import annotations

import pytest
from django.test import Client

from services.documents.operations import revoke_paper
from tests.factories.accounts import UserFactory
from tests.factories.documents import make_paper
from tests.factories.papers import AT
from tests.factories.parties import DepartmentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def english(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


def test_a_genuine_paper(english: Client) -> None:
    paper = make_paper(department=DepartmentFactory().code)
    page = english.get(f"/verify/{paper.verify_code}")
    assert "genuine and in force" in page.text
    assert paper.number in page.text
    assert "no-store" in page.headers["Cache-Control"]


def test_a_code_may_be_typed_with_spaces(english: Client) -> None:
    paper = make_paper(department=DepartmentFactory().code)
    code = paper.verify_code.lower()
    page = english.get("/verify/", {"code": f"{code[:4]} {code[4:8]} {code[8:]}"}, follow=True)
    assert paper.number in page.text


def test_a_revoked_paper(english: Client) -> None:
    paper = make_paper(department=DepartmentFactory().code)
    revoke_paper(paper=paper, reason="Issued in error", by=UserFactory(), at=AT)
    page = english.get(f"/verify/{paper.verify_code}")
    assert "no longer in force" in page.text


@pytest.mark.parametrize("code", ["ABCD", "x" * 200, "%00", "../../etc", "a\0b", "?x=1#y", "\ud7ff"])
def test_an_unknown_code(english: Client, code: str) -> None:
    page = english.get("/verify/", {"code": code}, follow=True)
    assert page.status_code == 200
    assert "We know no paper with this code" in page.text


@pytest.mark.parametrize("code", ["/", " / ", "///", "\u3000"])
def test_nothing_but_slashes_is_no_code(english: Client, code: str) -> None:
    assert english.get("/verify/", {"code": code}).status_code == 200


def test_without_a_code_the_page_asks_for_one(english: Client) -> None:
    assert 'name="code"' in english.get("/verify/").text
