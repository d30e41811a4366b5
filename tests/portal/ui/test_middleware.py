"""Request numbers, log lines, headers, languages and the ends of sessions, seen from outside."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.utils import translation

from portal.settings.logs import LOGGING
from portal.ui.logs import HIDDEN, without_personal_data
from portal.ui.sessions import AUDIENCE, SEEN, STAFF, STARTED
from tests.factories.accounts import UserFactory

RESIDENT_ID = "11010519491231002X"


def _mine(request: HttpRequest, number: str = "") -> HttpResponse:
    return HttpResponse(f"{translation.get_language()} {request.user.pk}")


@login_not_required
def _broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken for " + RESIDENT_ID + ", 13800138000")


@login_not_required
def _closed(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


urlpatterns = [
    path("mine/", _mine),
    path("broken/", _broken),
    path("closed/", _closed),
    path("case/<str:number>/", _mine),
    path("", include("portal.urls")),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
handler400 = "portal.ui.errors.bad_request"
handler403 = "portal.ui.errors.permission_denied"
handler404 = "portal.ui.errors.page_not_found"
handler500 = "portal.ui.errors.server_error"


@pytest.fixture
def citizen(client: Client) -> Client:
    client.force_login(UserFactory(language="en"))
    return client


class Written:
    """What our log handler wrote: the same formatter, into memory."""

    def __init__(self) -> None:
        arguments = {key: value for key, value in LOGGING["formatters"]["json"].items() if key != "()"}
        self.text = io.StringIO()
        self.handler = logging.StreamHandler(self.text)
        self.handler.setFormatter(structlog.stdlib.ProcessorFormatter(**arguments))

    def lines(self, logger: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.text.getvalue().splitlines()]
        return [line for line in found if line["logger"] == logger]


@pytest.fixture
def written() -> Iterator[Written]:
    written = Written()
    logging.getLogger().addHandler(written.handler)
    yield written
    logging.getLogger().removeHandler(written.handler)


def test_every_answer_has_its_own_number(client: Client) -> None:
    first, second = client.get("/healthz/live"), client.get("/healthz/live")
    assert len(first["X-Request-ID"]) >= 16
    assert first["X-Request-ID"] != second["X-Request-ID"]


@pytest.mark.parametrize(
    ("sent", "kept"), [("abcd-1234_EF", True), ("short", False), ("bad number\n", False), ("x" * 65, False)]
)
def test_number_of_the_proxy_is_kept_when_it_is_one(client: Client, sent: str, kept: bool) -> None:
    answer = client.get("/healthz/live", headers={"X-Request-ID": sent})
    assert (answer["X-Request-ID"] == sent) is kept


def test_log_line_names_the_route_and_no_personal_data(citizen: Client, written: Written) -> None:
    answer = citizen.get(f"/case/{RESIDENT_ID}/?name=王小明&id={RESIDENT_ID}")
    (line,) = written.lines("portal.request")
    assert line["route"] == "case/<str:number>/"
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["user_id"] == int(citizen.session["_auth_user_id"])
    assert line["request_id"] == answer["X-Request-ID"]
    assert "王小明" not in written.text.getvalue()
    assert RESIDENT_ID not in written.text.getvalue()


def test_what_went_wrong_is_logged_with_its_number_but_without_personal_data(client: Client, written: Written) -> None:
    client.raise_request_exception = False
    answer = client.get("/broken/?name=王小明")
    assert answer.status_code == 500
    (line,) = written.lines("django.request")
    assert "RuntimeError" in line["exception"]
    assert "broken for" in line["exception"]
    for personal in (RESIDENT_ID, "13800138000", "王小明"):
        assert personal not in written.text.getvalue()
    assert line["request_id"] == answer["X-Request-ID"]
    assert answer["X-Request-ID"] in answer.text


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"id {RESIDENT_ID}.", f"id {HIDDEN}."),
        ("tel 13800138000", f"tel {HIDDEN}"),
        ("tel +8613800138000", f"tel {HIDDEN}"),
        ("mail wang.xm@one-stop.example!", f"mail {HIDDEN}!"),
        ("证件号码110105491231002）", f"证件号码{HIDDEN}）"),
        ("case 2026112200000042 took 12000000000 ns", "case 2026112200000042 took 12000000000 ns"),
        ({"to": ["a@b.example"], 13800138000: 7}, {"to": [HIDDEN], HIDDEN: 7}),
        (13800138000, HIDDEN),
        (42, 42),
        (None, None),
    ],
)
def test_personal_data_is_hidden(said: object, kept: object) -> None:
    assert without_personal_data(said) == kept


def test_nobody_keeps_what_a_signed_in_person_saw(citizen: Client, client: Client) -> None:
    assert "no-store" in citizen.get("/mine/")["Cache-Control"]
    assert "camera=(self)" in client.get("/healthz/live")["Permissions-Policy"]


def test_pages_forbid_inline_scripts_and_frames(client: Client) -> None:
    answer = client.get("/accounts/login/")
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_pages_ask_for_a_sign_in(client: Client) -> None:
    answer = client.get("/mine/")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/mine/"


def test_fragments_send_the_whole_page_to_the_sign_in(client: Client) -> None:
    answer = client.get("/mine/", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/accounts/login/?next=/mine/"
    assert not answer.content


def test_profile_decides_the_language_of_who_signed_in(citizen: Client) -> None:
    answer = citizen.get("/mine/", headers={"Accept-Language": "zh-CN"})
    assert answer.text.startswith("en ")
    assert answer["Content-Language"] == "en"


def test_switching_the_language_keeps_it_in_the_profile(citizen: Client) -> None:
    citizen.post("/language/", {"language": "zh-hans", "next": "/mine/"})
    assert citizen.get("/mine/").text.startswith("zh-hans ")
    citizen.post("/language/", {"language": "xx", "next": "/mine/"})
    assert citizen.get("/mine/").text.startswith("zh-hans ")


def test_visitors_switch_by_cookie(client: Client) -> None:
    client.post("/language/", {"language": "en", "next": "/closed/"})
    assert client.get("/closed/", headers={"Accept-Language": "zh-CN"})["Content-Language"] == "en"


def _aged(client: Client, *, seen: timedelta, started: timedelta, staff: bool = False) -> Client:
    client.get("/mine/")
    session = client.session
    session[SEEN], session[STARTED] = time.time() - seen.total_seconds(), time.time() - started.total_seconds()
    if staff:
        session[AUDIENCE] = STAFF
    session.save()
    return client


MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("seen", "started", "staff", "stays"),
    [
        (29 * MINUTE, HOUR, False, True),
        (31 * MINUTE, HOUR, False, False),
        (MINUTE, 23 * HOUR, False, True),
        (MINUTE, 25 * HOUR, False, False),
        (MINUTE, 11 * HOUR, True, True),
        (MINUTE, 13 * HOUR, True, False),
        (31 * MINUTE, HOUR, True, False),
    ],
)
def test_sessions_end(citizen: Client, seen: timedelta, started: timedelta, staff: bool, stays: bool) -> None:
    answer = _aged(citizen, seen=seen, started=started, staff=staff).get("/mine/")
    assert (answer.status_code == 200) is stays
    if not stays:
        assert "_auth_user_id" not in citizen.session


def test_a_click_prolongs_an_idle_session_but_never_its_whole_time(citizen: Client) -> None:
    _aged(citizen, seen=20 * MINUTE, started=23 * HOUR)
    started = citizen.session[STARTED]
    citizen.get("/mine/")
    assert time.time() - citizen.session[SEEN] < 60
    assert citizen.session[STARTED] == started


def test_reading_pages_in_a_row_writes_no_session(citizen: Client, django_assert_num_queries: Any) -> None:
    citizen.get("/mine/")
    with django_assert_num_queries(2) as queries:  # the session, the user
        citizen.get("/mine/")
    assert not [query for query in queries.captured_queries if query["sql"].startswith("UPDATE")]


@pytest.mark.parametrize(
    ("address", "status", "english"),
    [("/nowhere/", 404, "There is no such page"), ("/closed/", 403, "This page is not open to you")],
)
def test_error_pages_say_what_to_do_and_their_number(client: Client, address: str, status: int, english: str) -> None:
    answer = client.get(address, headers={"Accept-Language": "en"})
    assert answer.status_code == status
    assert english in answer.text
    assert answer["X-Request-ID"] in answer.text
    assert 'lang="en"' in answer.text
    chinese = client.get(address, headers={"Accept-Language": "zh-CN"}).text
    assert english not in chinese
    assert "返回首页" in chinese


def test_unknown_host_gets_a_page_not_a_trace(client: Client) -> None:
    answer = client.get("/mine/", headers={"Host": "evil.example", "Accept-Language": "en"})
    assert answer.status_code == 400
    assert "We could not read that request" in answer.text


def test_old_form_is_explained() -> None:
    answer = Client(enforce_csrf_checks=True).post("/language/", {"language": "en"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 403
    assert "This form was open for too long" in answer.text


def test_server_error_needs_no_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.raise_request_exception = False
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", _no_database)
    client.cookies["sessionid"] = "x" * 32
    answer = client.get("/mine/", headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 500
    assert "系统出现问题" in answer.text
    assert answer["X-Request-ID"] in answer.text


def _no_database(_self: object) -> None:
    from django.db import OperationalError

    raise OperationalError("the database is away")


def test_five_wrong_passwords_close_a_sign_in_here_but_not_elsewhere(client: Client) -> None:
    user = UserFactory()
    form = {"login": user.username, "password": "wrong"}
    for _ in range(5):
        answer = client.post("/accounts/login/", form)
    assert answer.status_code == 429
    closed = client.post("/accounts/login/", {**form, "password": "one-stop-demo"}, headers={"Accept-Language": "en"})
    assert closed.status_code == 429
    assert "Too many sign-in attempts" in closed.text
    elsewhere = Client(headers={"User-Agent": "another"}).post(
        "/accounts/login/", {**form, "password": "one-stop-demo"}, REMOTE_ADDR="127.0.0.9"
    )
    assert elsewhere.status_code == 302


@pytest.mark.django_db
class TestCompression:
    """Pages are sent compressed, unless another site's page asks for what a signed-in person would see."""

    @pytest.fixture
    def encoding(self, client: Client) -> Any:
        def ask(*, session: bool, site: str | None, path: str = "/about/privacy/") -> str | None:
            if session:
                client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
            headers = {"accept-encoding": "gzip", **({"sec-fetch-site": site} if site else {})}
            return client.get(path, headers=headers).headers.get("Content-Encoding")

        return ask

    @pytest.mark.parametrize("site", [None, "none", "same-origin", "same-site", "cross-site"])
    def test_a_visitor_has_no_secret(self, encoding: Any, site: str | None) -> None:
        assert encoding(session=False, site=site) == "gzip"

    @pytest.mark.parametrize(
        ("site", "expected"),
        [(None, None), ("none", "gzip"), ("same-origin", "gzip"), ("same-site", None), ("cross-site", None)],
    )
    def test_a_person_gets_it_on_her_own_request_only(self, encoding: Any, site: str | None, expected: Any) -> None:
        assert encoding(session=True, site=site) == expected

    def test_what_is_compressed_already_stays_as_it_is(self, encoding: Any) -> None:
        assert encoding(session=False, site=None, path="/static/img/mark.svg") is None
