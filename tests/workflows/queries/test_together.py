"""What is asked together is answered as if each were asked alone; a dead connection costs nobody her page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import pytest
from django.db import DatabaseError, close_old_connections, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from services.notifications.models import Notice
from services.parties.models import Membership
from tests.factories.cases import open_case, open_task
from tests.factories.catalogue import published_service
from tests.factories.notifications import NoticeFactory
from tests.factories.parties import MembershipFactory
from workflows.models import Clock, Task
from workflows.queries.together import Question, Sentence, answers, first_answers, without

pytestmark = pytest.mark.django_db


def told(notice: Notice) -> tuple[Any, ...]:
    return notice.pk, notice.params, notice.created_at, notice.provider_key


def test_answers_are_those_of_the_queries_themselves() -> None:
    case = open_case(published_service(item__code="together"))
    open_task(case)
    post, told_one = MembershipFactory(), NoticeFactory(inbox=True)
    root = case.application.run_id
    tasks = Question[Task](lambda root: Task.objects.filter(root_id=root).select_related("run__definition", "assignee"))
    notices = Question[Notice](lambda user: Notice.objects.filter(recipient_id=user).order_by("id")[:5])
    held = Question[tuple[str, datetime]](
        lambda at, user, role: (
            Membership.objects.in_force(at).filter(user_id=user, role=role).values_list("department__code", "since")
        )
    )
    owner, at = told_one.recipient_id, datetime.now(UTC)
    for _ in range(2):  # composed, then kept
        asked = tasks.about(root), notices.about(owner), held.about(at, post.user_id, post.role), tasks.about(root + 1)
        with CaptureQueriesContext(connection) as made:
            found = answers(*asked)
            assert [one.run.definition for one in found[0]]
        assert len(made) == 4
        assert found[0] == list(Task.objects.filter(root_id=root)) != []
        assert [told(one) for one in found[1]] == [told(one) for one in Notice.objects.filter(recipient_id=owner)] != []
        assert found[2] == [(post.department.code, post.since)]
        assert found[3] == []
    assert answers(Sentence("select %(first)s + %(second)s").about(first=1, second=2)) == [[(3,)]]


def test_what_is_known_to_be_empty_is_not_read() -> None:
    case = open_case(published_service(item__code="together"))
    clocks = list(Clock.objects.filter(root_id=case.application.run_id))
    without(clocks, "pauses", "extension")
    with CaptureQueriesContext(connection) as made:
        assert [list(clock.pauses.all()) for clock in clocks] == [[]] * len(clocks) != []
        assert [getattr(clock, "extension", None) for clock in clocks] == [None] * len(clocks)
    assert not made


@pytest.mark.parametrize(
    ("rows", "value", "error"),
    [
        (lambda key: Task.objects.filter(root_id=key), None, TypeError),
        (lambda keys: Task.objects.filter(pk__in=keys), [1, 2], TypeError),
        (lambda key: Clock.objects.filter(root_id=key).prefetch_related("pauses"), 1, ValueError),
        (lambda key: Task.objects.filter(root_id=key + 1), 1, ValueError),
    ],
)
def test_a_question_that_cannot_be_kept_says_so(rows: Callable[..., Any], value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Question(rows).about(value)


def test_an_error_of_one_is_an_error_of_all() -> None:
    wrong, right = Sentence("select 1 / %(by)s").about(by=0), Sentence("select 1").about()
    with connection.cursor() as cursor:
        cursor.execute("savepoint before")
    with pytest.raises(DatabaseError):
        answers(right, wrong, right)
    with connection.cursor() as cursor:
        cursor.execute("rollback to savepoint before")
    assert answers(right, right) == [[(1,)], [(1,)]]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], Any]:
    """Do something with a connection of its own that is kept from one request to the next and was cut in between."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)

    def cut_before(do: Callable[[], Any]) -> Any:
        results: list[Any] = []

        def work() -> None:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("select pg_backend_pid()")
                    [pid] = cursor.fetchone()
                main(pid)
                close_old_connections()  # as a server does when a request begins
                assert connection.connection is not None
                results.append(do())
            finally:
                connection.close()

        thread = Thread(target=work)
        thread.start()
        thread.join()
        return results[0]

    def main(pid: int) -> None:
        with connection.cursor() as cursor, pytest.raises(DatabaseError):
            cursor.execute("select pg_terminate_backend(%s)", [pid])
        connection.errors_occurred = False  # nobody has noticed yet

    return cut_before


def test_a_page_is_answered_though_the_kept_connection_died(elsewhere: Callable[[Callable[[], Any]], Any]) -> None:
    assert elsewhere(lambda: Client().get("/services/").status_code) == 200


def test_questions_are_asked_again_on_a_new_connection(elsewhere: Callable[[Callable[[], Any]], Any]) -> None:
    one = Sentence("select 1").about()
    assert elsewhere(lambda: first_answers(one, one)) == [[(1,)], [(1,)]]
