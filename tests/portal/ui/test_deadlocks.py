"""What PostgreSQL undid is done again, once it is certain that nothing of the first try is left."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from portal.accounts.models import User
from portal.applicant import urls as applicant_urls
from portal.ui import deadlocks
from services.cases.operations.drafts import AlreadySubmittedError, HandedOverError
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]
_both = threading.Barrier(2)
_tries: list[tuple[int, int]] = []


def _named(pk: int, name: str) -> None:
    User.objects.select_for_update().get(pk=pk)
    User.objects.filter(pk=pk).update(name=name)


@csrf_exempt
@login_not_required
def two_rows(request: HttpRequest, first: int, second: int) -> HttpResponse:
    """Lock two rows in the order of the address: the very thing no operation does."""
    _tries.append((first, second))
    if "before" in request.POST:
        User.objects.filter(pk=first).update(name="committed")
    said = json.loads(request.body)["name"] if request.content_type == "application/json" else request.POST["name"]
    with transaction.atomic():
        _named(first, said)
        if len(_tries) <= 2:
            _both.wait(10)
        _named(second, said)
    return HttpResponse("done")


@csrf_exempt
@login_not_required
def always(request: HttpRequest) -> HttpResponse:
    """Be undone each time."""
    _tries.append((0, 0))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("do $$ begin raise sqlstate '40001'; end $$")
    return HttpResponse("never")


@csrf_exempt
@login_not_required
def then(request: HttpRequest, public_id: str, what: str) -> HttpResponse:
    """Be undone once; then meet what is turned into a page elsewhere."""
    _tries.append((0, 0))
    with transaction.atomic(), connection.cursor() as cursor:
        if len(_tries) == 1:
            cursor.execute("do $$ begin raise sqlstate '40001'; end $$")
        raise _RAISED[what]


_RAISED = {
    "handed-over": HandedOverError("The counter has it."),
    "filed": AlreadySubmittedError("It was filed."),
    "gone": Http404(),
    "forbidden": PermissionDenied(),
    "broken": ValueError("A fault of ours."),
}
_applicant = [path("then/<str:public_id>/<str:what>/", then), *applicant_urls.urlpatterns]
urlpatterns = [
    path("rows/<int:first>/<int:second>/", two_rows),
    path("always/", always),
    path("my/", include((_applicant, "applicant"))),
]


def _posted(place: str, **form: Any) -> int:
    try:
        return Client(raise_request_exception=False).post(place, **form).status_code
    finally:
        connection.close()


def _at_once(**form: Any) -> tuple[list[int], list[int]]:
    """Send two requests that lock each other out; return their statuses and the two rows' keys."""
    _tries.clear()
    one, two = sorted(UserFactory().pk for _ in range(2))
    with ThreadPoolExecutor(2) as pool:
        sent = [
            pool.submit(_posted, f"/rows/{a}/{b}/", **{**form, "data": {**form["data"], "name": name}})
            for a, b, name in ((one, two, "甲"), (two, one, "乙"))
        ]
        return [each.result() for each in sent], [one, two]


@pytest.mark.parametrize("kind", ["form", "application/json"])
def test_one_of_two_that_lock_each_other_out_is_done_again(kind: str) -> None:
    more = {"content_type": kind} if kind != "form" else {}
    statuses, rows = _at_once(data={}, **more)
    assert statuses == [200, 200]
    assert len(_tries) == 3
    last = "甲" if _tries[2] == tuple(rows) else "乙"
    assert set(User.objects.filter(pk__in=rows).values_list("name", flat=True)) == {last}


def test_what_has_kept_anything_is_not_done_again() -> None:
    statuses, _rows = _at_once(data={"before": "1"})
    assert sorted(statuses) == [200, 500]
    assert len(_tries) == 2


def test_it_gives_up_after_three_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlocks, "PAUSE", (0, 0))
    _tries.clear()
    assert _posted("/always/") == 500
    assert len(_tries) == deadlocks.TRIES


@pytest.mark.parametrize(
    ("what", "status", "place"),
    [
        ("handed-over", 302, "/my/applications/abc/hand-over/"),
        ("filed", 302, "/my/applications/abc/"),
        ("gone", 404, ""),
        ("forbidden", 403, ""),
        ("broken", 500, ""),
    ],
)
def test_what_the_second_try_raises_gets_its_own_page(
    monkeypatch: pytest.MonkeyPatch, what: str, status: int, place: str
) -> None:
    monkeypatch.setattr(deadlocks, "PAUSE", (0, 0))

    def asked() -> tuple[int, str]:
        response = Client(raise_request_exception=False).post(f"/my/then/abc/{what}/")
        return response.status_code, response.headers.get("Location", "")

    _tries.clear()
    again = asked()
    assert len(_tries) == 2
    assert again == asked() == (status, place), "the same page as without the second try"
