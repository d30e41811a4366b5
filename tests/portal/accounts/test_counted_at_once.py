"""Wrong passwords and codes are counted one after another: two requests at once get no try more than one by one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.db import connection
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from services.access.models import AccessLog
from services.cases.enums import HandOverTo
from services.cases.operations import handovers
from services.documents.models import ShareOpening
from services.documents.operations import sharing
from services.parties.enums import Role
from tests.factories.accounts import UserFactory
from tests.factories.parties import MembershipFactory
from tests.factories.runs import at_once
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db(transaction=True)


def meeting(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that lets two callers go on together, each with what it read; alone it waits a moment."""
    gate = threading.Barrier(2)

    def read(*args: Any, **kwargs: Any) -> Any:
        answer = real(*args, **kwargs)
        with contextlib.suppress(threading.BrokenBarrierError):
            gate.wait(0.5)
        return answer

    return read


def test_the_last_try_of_a_hand_over_code_is_had_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clerk, at = UserFactory(), database_now()
    MembershipFactory(user=clerk, role=Role.CLERK)

    def enter() -> Any:
        return handovers.take(code="12345678", by=clerk, at=at, to=HandOverTo.COUNTER)

    for _wrong in range(handovers.MOST_WRONG_AN_HOUR - 1):
        with pytest.raises(handovers.WrongCodeError):
            enter()
    monkeypatch.setattr(handovers, "count_of_accesses", meeting(handovers.count_of_accesses))
    assert sorted(type(one).__name__ for one in at_once(enter, enter)) == ["TooManyTriesError", "WrongCodeError"]
    assert AccessLog.objects.filter(reader=clerk).count() == handovers.MOST_WRONG_AN_HOUR


def test_the_last_try_of_a_shared_code_is_had_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at = database_now()

    def enter() -> Any:
        return sharing.open_share(code="NOTHING", address="10.0.0.1", at=at + timedelta(seconds=1))

    for _wrong in range(sharing.WRONG_TRIES - 1):
        assert enter() is None
    monkeypatch.setattr(sharing, "find_share", meeting(sharing.find_share))
    assert {type(one).__name__ for one in at_once(enter, enter)} == {"TooManyTriesError", "NoneType"}
    assert ShareOpening.objects.count() == sharing.WRONG_TRIES


def test_the_last_try_of_a_password_is_had_once(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    user = UserFactory()
    checked: set[int] = set()
    real = meeting(User.check_password)

    def check(self: User, password: str) -> bool:
        checked.add(threading.get_ident())
        return bool(real(self, password))

    def enter() -> int:
        try:
            form = {"login": user.username, "password": "wrong"}
            return Client().post(reverse("account_login"), form).status_code
        finally:
            connection.close()

    for _wrong in range(settings.AXES_FAILURE_LIMIT - 1):
        enter()
    monkeypatch.setattr(User, "check_password", check)
    at_once(enter, enter)
    assert len(checked) == 1, "the second was locked out before its password was looked at"
    assert AccessAttempt.objects.get().failures_since_start >= settings.AXES_FAILURE_LIMIT
