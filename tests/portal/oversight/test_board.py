"""The time-limit board: who sees it, what it counts, how it is narrowed, and what it costs."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from services.access.models import AccessLog
from services.cases.enums import CaseState
from services.cases.models import Case, Opinion
from services.cases.queries.board import NO_LIGHT, BoardFilter, board_for, rows_for
from tests.factories.accounts import UserFactory
from tests.factories.cases import CaseFactory, open_case, open_task
from tests.factories.catalogue import published_service
from tests.factories.clocks import at
from tests.factories.parties import MembershipFactory, PersonFactory

pytestmark = pytest.mark.django_db

NOW = at("2026-03-11 10:00")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.oversight.access.database_now", lambda: NOW)


def signed_in(role: str, language: str = "en") -> Client:
    user = MembershipFactory(department__code="ZWB", role=role, user__language=language).user
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def cases() -> dict[str, Case]:
    """One case per light on 11 March 2026, a Wednesday, in two departments."""
    food = published_service(item__code="food", item__department__code="SCJG", item__name_en="Food licence")
    fire = published_service(item__code="fire", item__department__code="XF", item__name_en="Fire check")
    found = {
        "black": open_case(food, days=2, law_days=4),
        "red": open_case(food, days=5),
        "yellow": open_case(fire, days=7),
        "green": open_case(fire, days=40, law_days=60),
        "none": CaseFactory(application__service=fire, state=CaseState.SUPPLEMENT),
    }
    open_task(found["red"], assignee=UserFactory(name="沈青"), state="claimed", claimed_at=NOW)
    CaseFactory(application__service=food, state=CaseState.GRANTED, decided_at=NOW)
    return found


@pytest.mark.parametrize("role", ["manager", "auditor"])
def test_overseers_see_every_open_case_by_light(role: str, cases: dict[str, Case]) -> None:
    user = MembershipFactory(department__code="ZWB", role=role).user
    board = board_for(user, wanted=BoardFilter(), at=NOW)
    assert dict(board.by_light) == {"black": 1, "red": 1, "yellow": 1, "green": 1, "paused": 0, "": 1}
    assert [one.case_id for one in board.standings] == [case.pk for case in cases.values()]
    assert {line.department.code: line.open for line in board.departments} == {"SCJG": 2, "XF": 3}
    rows = rows_for(board.standings, at=NOW)
    assert next(row for row in rows if row.light == "red").age_days == 9


@pytest.mark.parametrize("role", ["clerk", "handler", "approver", "head", "designer", "admin"])
def test_nobody_else_comes_in(role: str, cases: dict[str, Case]) -> None:
    client = signed_in(role)
    for path in ("/oversight/", "/oversight/incidents/", f"/oversight/cases/{cases['red'].public_id}/"):
        assert client.get(path).status_code == 403
    user = MembershipFactory(department__code="SCJG", role=role).user
    assert board_for(user, wanted=BoardFilter(), at=NOW).open == 0


def test_filters_narrow_and_counts_stay_true_to_department_and_service(cases: dict[str, Case]) -> None:
    user = MembershipFactory(department__code="ZWB", role="manager").user

    def found(**wanted: str) -> tuple[int, list[int]]:
        board = board_for(user, wanted=BoardFilter(**wanted), at=NOW)
        return board.open, [one.case_id for one in board.standings]

    assert found(department="SCJG", light="red") == (2, [cases["red"].pk])
    assert found(light="yellow") == (5, [cases["yellow"].pk])
    assert found(light=NO_LIGHT) == (5, [cases["none"].pk])
    assert found(service="food") == (2, [cases["black"].pk, cases["red"].pk])
    assert found(department="SCJG", service="fire") == (0, [])


def test_page_shows_numbers_masked_names_holders_and_dates(cases: dict[str, Case]) -> None:
    page = signed_in("manager").get("/oversight/").content.decode()
    assert "Past the legal limit" in page
    assert "沈青" in page
    assert "Mon 9 Mar 2026" in page  # five working days after Mon 2 March
    name = PersonFactory._meta.model.objects.get(pk=cases["red"].application.party_id).name
    assert name not in page
    assert f"{name[0]}*{name[-1]}" in page
    assert "?light=black" in page


def test_empty_board_and_empty_filter_say_what_to_do(cases: dict[str, Case]) -> None:
    client = signed_in("manager")
    assert "No open case fits these filters" in client.get("/oversight/?light=paused").content.decode()
    Case.objects.update(state=CaseState.GRANTED, decided_at=NOW)
    assert "No case is open" in client.get("/oversight/").content.decode()


@pytest.mark.parametrize("query", ["light=purple", "sort=colour", "page=x", "page=99", "department=%00", "sort=-due"])
def test_strange_addresses_still_show_the_board(query: str, cases: dict[str, Case]) -> None:
    assert signed_in("manager").get(f"/oversight/?{query}").status_code == 200


def test_order_is_stable_across_pages_and_queries_do_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.oversight.views.board.PAGE_SIZE", 30)
    client = signed_in("manager")
    service = published_service(item__department__code="SCJG")
    open_task(open_case(service))
    client.get("/oversight/")
    with CaptureQueriesContext(connection) as one:
        client.get("/oversight/")
    for _ in range(34):
        open_task(open_case(service))
    with CaptureQueriesContext(connection) as many:
        first = client.get("/oversight/")
    assert len(many) == len(one), "\n".join(query["sql"] for query in many)
    shown = [row["case"].pk for row in first.context["rows"]]
    assert len(shown) == 30
    rest = [row["case"].pk for row in client.get("/oversight/?page=2").context["rows"]]
    assert shown + rest == sorted(shown + rest)
    assert len(set(shown + rest)) == 35


def test_case_page_explains_dates_and_is_recorded(cases: dict[str, Case]) -> None:
    case = cases["red"]
    task = open_task(case, node="check", role="checker", state="done", closed_at=NOW, outcome="return")
    Opinion.objects.create(
        case=case,
        task=task,
        role="checker",
        outcome="return",
        reasons="请补充现场照片。",
        by=UserFactory(),
        given_at=NOW,
    )
    client = signed_in("auditor")
    page = client.get(f"/oversight/cases/{case.public_id}/").content.decode()
    for words in (
        case.number,
        "Promised limit",
        "Statutory limit",
        "请补充现场照片。",
        "Why this date?",
        "Limit started",
    ):
        assert words in page
    record = AccessLog.objects.get()
    assert (record.subject_kind, record.subject_id, record.allowed) == ("case", str(case.pk), True)
    assert client.get("/oversight/cases/nothing/").status_code == 404


def test_pages_are_in_the_readers_language(cases: dict[str, Case]) -> None:
    client = signed_in("manager", language="zh-hans")
    board = client.get("/oversight/").content.decode()
    assert "哪些办件将会超期" in board
    page = client.get(f"/oversight/cases/{cases['black'].public_id}/").content.decode()
    assert "各项时限" in page


def test_visitors_are_sent_to_sign_in() -> None:
    response = Client().get("/oversight/")
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")
