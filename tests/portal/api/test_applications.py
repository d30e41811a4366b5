"""My applications and their timeline; nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from services.cases.models import Application
from tests.factories.cases import ApplicationFactory, open_case, open_task
from tests.factories.catalogue import published_service
from tests.factories.parties import MandateFactory, MembershipFactory, PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def application() -> Application:
    case = open_case(published_service(item__department__code="SCJG", item__code="food-licence"))
    open_task(case)
    open_task(case, node="earlier", state="done", closed_at=case.filed_at, outcome="recommend_refuse")
    return case.application


def owner_of(application: Application) -> Any:
    return PersonFactory._meta.model.objects.get(pk=application.party_id).user


def test_mine_are_listed_and_their_timeline_read(application: Application, as_user: Any) -> None:
    ApplicationFactory()
    client = as_user(owner_of(application))
    (row,) = client.get("/api/v1/applications/").json()["results"]
    assert (row["id"], row["number"]) == (application.public_id, application.number)
    assert row["offer"]["code"] == "food-licence"
    assert client.get(f"/api/v1/applications/{application.public_id}/").json() == row
    timeline = client.get(f"/api/v1/applications/{application.public_id}/timeline/")
    (lane,) = timeline.json()["cases"]
    assert lane["due_on"] == "2026-03-09"
    assert any("工作日" in line for line in lane["why"])
    assert [step["role"] for step in lane["steps"]] == ["handler", "handler"]
    assert "recommend" not in timeline.content.decode()  # what was advised inside is not told


def test_agents_see_their_principals_and_others_see_nothing(application: Application, as_user: Any) -> None:
    person = PersonFactory._meta.model.objects.get(pk=application.party_id)
    agent = MandateFactory(person=person).agent
    assert as_user(agent.user).get("/api/v1/applications/").json()["count"] == 1
    path = f"/api/v1/applications/{application.public_id}/"
    strangers = [PersonFactory().user, MembershipFactory(role="handler", department__code="SCJG").user]
    for stranger in strangers:
        client = as_user(stranger)
        assert client.get("/api/v1/applications/").json()["count"] == 0
        for place in (path, f"{path}timeline/"):
            response = client.get(place)
            assert response.status_code == 404
            assert str(application.number) not in response.content.decode()


def test_list_costs_the_same_with_30_rows(application: Application, as_user: Any) -> None:
    client, person = as_user(owner_of(application)), PersonFactory._meta.model.objects.get(pk=application.party_id)
    client.get("/api/v1/applications/")
    with CaptureQueriesContext(connection) as one:
        client.get("/api/v1/applications/?page_size=50")
    for _ in range(29):
        ApplicationFactory(person=person, service=application.service)
    with CaptureQueriesContext(connection) as many:
        assert len(client.get("/api/v1/applications/?page_size=50").json()["results"]) == 30
    assert len(many) == len(one)
