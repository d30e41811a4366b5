"""The public catalogue, the description, and errors that are problems."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from portal.api.urls import v1
from tests.factories.catalogue import PUBLISHED_AT, make_listed_item, published_bundle, published_service

pytestmark = pytest.mark.django_db


def test_services_are_listed_for_everybody_with_limits_and_departments() -> None:
    published_service(
        item__code="food-licence", item__department__code="SCJG", promised_amount=5, statutory_amount=None,
        statutory_unit="",
    )  # fmt: skip
    published_service(item__code="fire-check", item__department__code="XF")
    answer = APIClient().get("/api/v1/services/?department=SCJG").json()
    assert answer["count"] == 1
    (service,) = answer["results"]
    assert service["code"] == "food-licence"
    assert service["promised"] == {"amount": 5, "unit": "working_days"}
    assert service["statutory"] is None
    assert service["department"]["code"] == "SCJG"


def test_a_service_and_a_bundle_are_read_with_their_details() -> None:
    version = published_service(
        materials=[{"code": "layout-plan"}], questions=[{"key": "small"}], item__code="food-licence"
    )
    bundle = published_bundle(parts=[{"service": version.item}], questions=[{"key": "new"}], bundle__code="shop")
    service = APIClient().get("/api/v1/services/food-licence/").json()
    assert [one["code"] for one in service["materials"]] == ["layout-plan"]
    assert [one["key"] for one in service["questions"]] == ["small"]
    found = APIClient().get(f"/api/v1/bundles/{bundle.code}/").json()
    assert [one["service"]["code"] for one in found["parts"]] == ["food-licence"]
    assert [one["key"] for one in found["questions"]] == ["new"]


def test_listed_items_are_read_but_never_as_something_to_apply_for() -> None:
    for number in range(3):
        make_listed_item(code=f"list-{number}", item_code=f"A-{number}", facts={"visits": number})
    make_listed_item(code="list-gone", item_code="A-9", withdrawn_at=PUBLISHED_AT)
    offered = published_service(item__task_code="A-1")
    first = APIClient().get("/api/v1/listed-items/?page_size=1").json()
    assert (first["count"], first["results"][0]["code"], first["results"][0]["kind"]) == (2, "list-0", "listed")
    assert APIClient().get(first["next"]).json()["results"][0]["code"] == "list-2", "a service is offered instead of 1"
    assert APIClient().get("/api/v1/listed-items/list-2/").json()["facts"] == {"visits": 2}
    assert APIClient().get("/api/v1/listed-items/?list=nothing").json()["count"] == 0
    assert APIClient().get("/api/v1/listed-items/?list=%00").json()["count"] == 0
    for gone in ("list-gone", "list-1", offered.code):
        assert APIClient().get(f"/api/v1/listed-items/{gone}/").status_code == 404
    assert APIClient().post("/api/v1/listed-items/", {}, format="json").status_code == 405


@pytest.mark.parametrize("kind", ["services", "bundles"])
def test_lists_cost_the_same_with_30_rows(kind: str) -> None:
    def add() -> None:
        version = published_service()
        if kind == "bundles":
            published_bundle(parts=[{"service": version.item}])

    add()
    with CaptureQueriesContext(connection) as one:
        assert APIClient().get(f"/api/v1/{kind}/?page_size=50").json()["count"] == 1
    for _ in range(29):
        add()
    with CaptureQueriesContext(connection) as many:
        assert len(APIClient().get(f"/api/v1/{kind}/?page_size=50").json()["results"]) == 30
    assert len(many) == len(one)


def test_pages_follow_each_other_and_end() -> None:
    for _ in range(5):
        published_service()
    first = APIClient().get("/api/v1/services/?page_size=3").json()
    second = APIClient().get(first["next"]).json()
    codes = [one["code"] for one in first["results"] + second["results"]]
    assert len(set(codes)) == 5
    assert second["next"] is None
    assert APIClient().get("/api/v1/services/?page=3&page_size=3").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/v1/services/none/", 404, "not_found"),
        ("get", "/api/v1/nothing/", 404, "not_found"),
        ("get", "/api/", 404, "not_found"),
        ("post", "/api/v2/tasks/", 404, "not_found"),
        ("post", "/api/v1/services/", 405, "method_not_allowed"),
        ("options", "/api/v1/services/", 405, "method_not_allowed"),
        ("get", "/api/v1/applications/", 401, "not_authenticated"),
        ("get", "/api/v1/tasks/", 401, "not_authenticated"),
        ("post", "/api/v1/tasks/1/claim/", 401, "not_authenticated"),
        ("get", "/api/v1/me/", 401, "not_authenticated"),
    ],
)
def test_every_error_is_a_problem(method: str, path: str, status: int, code: str) -> None:
    response = getattr(APIClient(), method)(path, headers={"Accept-Language": "en"})
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (problem["status"], problem["code"], problem["instance"]) == (status, code, path)
    assert problem["request_id"] == response.headers["X-Request-ID"]
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ('{"username": NaN}', "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        ('{"username": "a\\u0000b", "password": "x"}', "application/json", 400),
        ("{", "application/json", 400),
        ("username=a", "application/x-www-form-urlencoded", 415),
    ],
)
def test_bodies_that_cannot_be_read_are_problems(body: str, content_type: str, status: int) -> None:
    response = APIClient().post("/api/v1/token/", body, content_type=content_type)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"


def test_what_nobody_foresaw_is_told_without_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("portal.api.views.catalogue.published_items", fail)
    client = APIClient()
    client.handler._force_user = None
    client.raise_request_exception = False
    response = client.get("/api/v1/services/")
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "secret" not in response.content.decode()


def test_the_description_is_valid_and_names_keys_and_problems(tmp_path: object) -> None:
    path = f"{tmp_path}/schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", path)
    client = APIClient()
    schema = client.get("/api/v1/schema/?format=json").json()
    claim = schema["paths"]["/api/v1/tasks/{task_id}/claim/"]["post"]
    assert [one["name"] for one in claim["parameters"] if one["in"] == "header"] == ["Idempotency-Key"]
    assert "application/problem+json" in claim["responses"]["default"]["content"]
    assert set(schema["components"]["securitySchemes"]) == {"token", "cookieAuth"}
    described = {path for path in schema["paths"] if not path.endswith("/schema/")}
    assert len(described) == len([one for one in v1 if one.name not in ("schema", "docs")])


def test_the_docs_page_loads_nothing_from_elsewhere() -> None:
    response = APIClient().get("/api/v1/docs/")
    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "unsafe-inline" not in next(part for part in policy.split(";") if "script-src" in part)
    assert "https://" not in response.content.decode().split("</head>")[1]
    assert "unsafe-inline" not in APIClient().get("/accounts/login/").headers["Content-Security-Policy"]
