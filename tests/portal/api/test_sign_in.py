"""Tokens: who gets one, what ends it, how guessing is stopped."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings
from rest_framework.test import APIClient

from portal.accounts.operations import end_sessions
from portal.api.models import ApiToken
from portal.api.operations import forget_old, issue_token
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.parties import MembershipFactory, PersonFactory
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db


def sign_in(username: str, password: str = PASSWORD, **more: str):
    return APIClient().post("/api/v1/token/", {"username": username, "password": password, **more})


def me(token: str):
    return APIClient(headers={"Authorization": f"Bearer {token}"}).get("/api/v1/me/")


def test_a_token_lets_in_and_is_stored_as_a_digest_only() -> None:
    user = MembershipFactory(department__code="SCJG", role="handler").user
    answer = sign_in(user.username)
    assert answer.status_code == 201
    token = answer.json()["token"]
    assert token not in str(list(ApiToken.objects.values()))
    assert answer.headers["Cache-Control"] == "no-store, private"
    found = me(token).json()
    assert found["username"] == user.username
    assert found["posts"] == [{"department": "SCJG", "role": "handler"}]
    assert found["parties"] == []


def test_a_session_lets_in_too_and_citizens_see_whom_they_act_for(as_user) -> None:
    person = PersonFactory()
    found = as_user(person.user).get("/api/v1/me/").json()
    assert found["parties"] == [{"kind": "person", "name": person.name, "relation": "self"}]


@pytest.mark.parametrize("way", ["expired", "password", "generation", "inactive", "ended", "made up"])
def test_tokens_end(way: str) -> None:
    user = UserFactory()
    text, _token = issue_token(user=user, at=database_now())
    assert me(text).status_code == 200
    if way == "expired":
        ApiToken.objects.update(created_at=database_now() - timedelta(days=2), expires_at=database_now())
        assert forget_old(at=database_now()) == 1
    elif way == "password":
        user.set_password("another-long-password")
        user.save()
    elif way == "generation":
        end_sessions(user=user, by=user, at=database_now())
    elif way == "inactive":
        user.is_active = False
        user.save()
    elif way == "ended":
        ended = APIClient(headers={"Authorization": f"Bearer {text}"}).delete("/api/v1/token/")
        assert ended.status_code == 204
    else:
        text = "x" * 43
    response = me(text)
    assert response.status_code == 401
    assert response.json()["code"] == "authentication_failed"


def test_an_expired_token_is_refused_before_anybody_forgets_it() -> None:
    text, token = issue_token(user=UserFactory(), at=database_now())
    assert token.expires_at - token.created_at == settings.API_TOKEN_LIFETIME
    ApiToken.objects.update(created_at=database_now() - timedelta(days=2), expires_at=database_now())
    assert me(text).status_code == 401


def test_wrong_credentials_all_look_the_same() -> None:
    user = UserFactory()
    bodies = []
    for answer in (sign_in(user.username, "wrong"), sign_in("nobody-at-all")):
        assert answer.status_code == 401
        bodies.append({name: value for name, value in answer.json().items() if name != "request_id"})
    assert bodies[0] == bodies[1]


def test_guessing_locks_and_says_so_as_a_problem() -> None:
    user = UserFactory()
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert sign_in(user.username, "wrong").status_code == 401
    locked = sign_in(user.username, "wrong")
    assert locked.status_code == 429
    assert locked.headers["Content-Type"] == "application/problem+json"
    assert sign_in(user.username).status_code == 429


def test_asking_too_often_is_slowed_down() -> None:
    answers = [sign_in(f"nobody-{number}").status_code for number in range(11)]
    assert answers == [401] * 10 + [429]


def test_a_second_factor_is_asked_for_where_one_is_set_up() -> None:
    user = UserFactory()
    codes = RecoveryCodes.activate(user)
    Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "key", "credential": {}})
    assert sign_in(user.username).status_code == 401
    code = codes.get_unused_codes()[0]
    assert sign_in(user.username, code=code).status_code == 201
    assert sign_in(user.username, code=code).status_code == 401


def test_unknown_fields_are_refused() -> None:
    answer = APIClient().post("/api/v1/token/", {"username": "a", "password": "b", "is_staff": True})
    assert answer.status_code == 400
    assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [("is_staff", "unknown")]


def test_ending_a_token_needs_one(as_user) -> None:
    assert APIClient().delete("/api/v1/token/").status_code == 401
    assert as_user(UserFactory()).delete("/api/v1/token/").status_code == 400


def test_a_session_without_the_token_against_forgery_changes_nothing() -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    response = client.post("/api/v1/tasks/1/claim/", {}, headers={"Idempotency-Key": "k"})
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"
