"""My department's tasks, and requests that are sent twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from portal.api.models import IdempotencyKey
from portal.api.operations import claim_key, forget_old
from services.access.models import AccessLog
from services.cases.models import Case, Opinion
from services.catalogue.queries import SHIPPED_FOLDER
from tests.factories.accounts import UserFactory
from tests.factories.cases import open_case, open_task
from tests.factories.catalogue import published_service
from tests.factories.clocks import ProcessDefinitionFactory
from tests.factories.parties import MembershipFactory
from workflows.enums import TaskState
from workflows.models import HistoryEvent, Run, Task
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db

AsUser = Callable[[Any], APIClient]


@pytest.fixture
def task() -> Task:
    return open_task(open_case(published_service(item__department__code="SCJG")))


def claim(client: APIClient, task: Task, key: str = "key-1", body: dict[str, Any] | None = None, act: str = "claim"):
    return client.post(f"/api/v1/tasks/{task.pk}/{act}/", body or {}, headers={"Idempotency-Key": key})


def test_my_posts_tasks_are_listed_masked_and_nobody_elses(task: Task, handler: Any, as_user: AsUser) -> None:
    open_task(open_case(published_service(item__department__code="XF")))
    answer = as_user(handler).get("/api/v1/tasks/").json()
    (row,) = answer["results"]
    assert row["id"] == task.pk
    assert row["case"]["department"]["code"] == "SCJG"
    assert "*" in row["applicant"]
    assert row["outcomes"] == ["recommend_grant", "recommend_refuse"]
    assert as_user(UserFactory()).get("/api/v1/tasks/").json()["count"] == 0
    assert as_user(handler).get("/api/v1/tasks/?mine=true").json()["count"] == 0


def test_others_tasks_do_not_exist(task: Task, as_user: AsUser) -> None:
    for role, department in (("handler", "XF"), ("checker", "SCJG"), ("manager", "ZWB")):
        client = as_user(MembershipFactory(department__code=department, role=role).user)
        assert client.get(f"/api/v1/tasks/{task.pk}/").status_code == 404
        for act in ("claim", "release", "complete"):
            assert claim(client, task, body={"outcome": "recommend_grant"} if act == "complete" else {}, act=act)\
                .status_code == 404  # fmt: skip
    task.refresh_from_db()
    assert task.state == TaskState.READY


def test_list_costs_the_same_with_30_rows(task: Task, handler: Any, as_user: AsUser) -> None:
    client = as_user(handler)
    client.get("/api/v1/tasks/")
    with CaptureQueriesContext(connection) as one:
        client.get("/api/v1/tasks/?page_size=50")
    service = task.run.case.service
    for _ in range(29):
        open_task(open_case(service))
    with CaptureQueriesContext(connection) as many:
        assert len(client.get("/api/v1/tasks/?page_size=50").json()["results"]) == 30
    assert len(many) == len(one)


def test_reading_a_task_is_recorded(task: Task, handler: Any, as_user: AsUser) -> None:
    assert as_user(handler).get(f"/api/v1/tasks/{task.pk}/").json()["opinions"] == []
    record = AccessLog.objects.get()
    assert (record.reader, record.subject_kind, record.subject_id) == (handler, "case", task.subject_id)


def test_a_claimed_task_is_given_back_by_its_holder_only(task: Task, handler: Any, as_user: AsUser) -> None:
    colleague = MembershipFactory(department=handler.memberships.get().department, role="handler").user
    assert claim(as_user(handler), task).json()["held_by"] == handler.username
    held = claim(as_user(colleague), task)
    assert (held.status_code, held.json()["code"]) == (409, "task_held")
    assert claim(as_user(colleague), task, act="release").status_code == 403
    assert claim(as_user(handler), task, "key-2", act="release").json()["held_by"] is None


def test_the_same_key_has_one_effect_and_one_answer(task: Task, handler: Any, as_user: AsUser) -> None:
    client = as_user(handler)
    first = claim(client, task)
    count = HistoryEvent.objects.count()
    claim(client, task, "key-2", act="release")
    again = claim(client, task)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert HistoryEvent.objects.count() == count + 1
    task.refresh_from_db()
    assert task.state == TaskState.READY  # the replay did not claim it again


def test_a_key_for_another_request_is_refused(task: Task, handler: Any, as_user: AsUser) -> None:
    client, other = as_user(handler), open_task(open_case(task.run.case.service))
    claim(client, task)
    reused = claim(client, other)
    assert (reused.status_code, reused.json()["code"]) == (422, "key_reused")
    body = claim(client, task, "key-3", {"outcome": "nonsense"}, act="complete")
    assert body.status_code == 400


@pytest.mark.parametrize(("key", "code"), [("", "key_missing"), ("a b", "key_malformed"), ("x" * 129, "key_malformed")])
def test_a_key_is_required_and_has_a_form(key: str, code: str, task: Task, handler: Any, as_user: AsUser) -> None:
    response = claim(as_user(handler), task, key)
    assert (response.status_code, response.json()["code"]) == (400, code)


def test_keys_belong_to_one_person_and_one_route(task: Task, handler: Any, as_user: AsUser) -> None:
    client = as_user(handler)
    claim(client, task)
    assert claim(client, task, act="release").status_code == 200
    colleague = MembershipFactory(department=handler.memberships.get().department, role="handler").user
    assert claim(as_user(colleague), task).status_code == 200


def test_a_failed_request_leaves_no_key(task: Task, handler: Any, as_user: AsUser) -> None:
    client = as_user(handler)
    refused = claim(client, task, body={"outcome": "recommend_refuse"}, act="complete")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "reasons"
    assert not IdempotencyKey.objects.exists()
    task.refresh_from_db()
    assert task.state == TaskState.READY


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "outcome"),
        ({"outcome": "fly"}, "outcome"),
        ({"outcome": "recommend_grant", "assignee": 1}, "assignee"),
        ({"outcome": "recommend_grant", "outside": {"number": "1"}}, "outside.decided_on"),
        ({"outcome": "supplement"}, "missing"),
        ({"outcome": "supplement", "missing": [{"kind": "x", "code": "a", "reason": "b"}]}, "missing.0.kind"),
        ({"outcome": "supplement", "missing": [{"kind": "element", "code": "a", "why": "b"}]}, "missing.0.why"),
    ],
)
def test_bodies_are_checked_field_by_field(
    body: dict[str, Any], field: str, task: Task, handler: Any, as_user: AsUser
) -> None:
    answer = claim(as_user(handler), task, body=body, act="complete")
    assert answer.status_code == 400
    assert field in [one["field"] for one in answer.json()["errors"]]


def test_a_task_is_sent_back_where_its_drawing_allows_it(handler: Any, as_user: AsUser) -> None:
    case = open_case(published_service(item__department__code="SCJG"))
    source = (SHIPPED_FOLDER / "processes" / "two-level-review.bpmn").read_text(encoding="utf-8")
    definition = ProcessDefinitionFactory.create(key="two-levels", source=source)
    waiting = {"waiting": {"handle#1": ""}, "rounds": {"handle": 1, "first_review": 1}}
    Run.objects.filter(pk=case.run_id).update(definition=definition, marking=waiting, data={"first_department": "MZ"})
    task = open_task(Case.objects.get(pk=case.pk))
    client = as_user(handler)
    steps = client.get(f"/api/v1/tasks/{task.pk}/").json()["returns_to"]
    assert [step["node"] for step in steps] == ["first_review"]
    refused = claim(client, task, body={"to_node": "intake", "reasons": "x"}, act="send-back")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "to_node")
    answer = claim(client, task, body={"to_node": "first_review", "reasons": "缺入户调查签字。"}, act="send-back")
    assert (answer.status_code, answer.json()["state"], answer.json()["outcome"]) == (
        200,
        "done",
        "returned:first_review",
    )
    assert Task.objects.get(run=case.run_id, node="first_review", round=2).state == TaskState.READY
    assert Opinion.objects.get(task=task).reasons == "缺入户调查签字。"


def test_old_answers_are_forgotten(handler: Any) -> None:
    at = database_now()
    scope: dict[str, Any] = {"user": handler, "route": "r", "key": "k", "fingerprint": "f"}
    assert claim_key(**scope, at=at - timedelta(hours=49))[1]
    assert claim_key(**scope, at=at)[1]  # the old one counts as gone
    assert not claim_key(**scope, at=at)[1]
    assert forget_old(at=at + timedelta(hours=47)) == 0
    assert forget_old(at=at + timedelta(hours=49)) == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_still_runs_the_second_is_told_so(handler: Any, as_user: AsUser) -> None:
    """Another connection holds the key's row, not yet committed: the second request waits, then gives up with 409."""
    task = open_task(open_case(published_service(item__department__code="SCJG")))
    route = "api/v1/tasks/<int:task_id>/claim/"
    holds, release = threading.Event(), threading.Event()

    def first() -> None:
        with transaction.atomic():
            claim_key(user=handler, route=route, key="key-1", fingerprint="f", at=database_now())
            holds.set()
            release.wait(20)
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert holds.wait(20)
    client = as_user(handler)
    try:
        with connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '200ms'")
        response = claim(client, task)
    finally:
        release.set()
        thread.join(20)
        with connection.cursor() as cursor:
            cursor.execute("reset lock_timeout")
    assert (response.status_code, response.json()["code"]) == (409, "key_in_use")
    assert claim(client, task).status_code == 422  # now it is known, and was another request


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_have_one_effect_and_the_same_answer(handler: Any) -> None:
    task = open_task(open_case(published_service(item__department__code="SCJG")))
    barrier, answers = threading.Barrier(20), []
    clients = []
    for _ in range(20):
        client = APIClient()
        client.force_login(handler, backend="django.contrib.auth.backends.ModelBackend")
        clients.append(client)

    def press(client: APIClient) -> None:
        barrier.wait(30)
        response = claim(client, task)
        answers.append((response.status_code, response.json().get("held_by")))
        connection.close()

    threads = [threading.Thread(target=press, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(answers) == {(200, handler.username)}
    assert len(answers) == 20
    assert HistoryEvent.objects.filter(kind="task_claimed").count() == 1
    assert IdempotencyKey.objects.count() == 1
