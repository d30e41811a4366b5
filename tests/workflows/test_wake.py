"""Wake-up hints: after commit, one try, silence for a while after a failure, and never an exception."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from workflows import wake
from workflows.wake import Breaker


@pytest.fixture(autouse=True)
def _closed_breaker() -> Iterator[None]:
    wake.breaker.reset()
    yield
    wake.breaker.reset()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(wake.sender, "send_task", lambda name, **_: names.append(name))
    return names


@pytest.mark.django_db(transaction=True)
def test_the_hint_goes_out_after_commit_and_not_before(sent: list[str]) -> None:
    with transaction.atomic():
        wake.wake("workflows.tasks.sweep_timers_task")
        assert sent == []
    assert sent == ["workflows.tasks.sweep_timers_task"]


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_wakes_nobody(sent: list[str]) -> None:
    with transaction.atomic():
        wake.wake("workflows.tasks.sweep_timers_task")
        transaction.set_rollback(True)
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_costs_one_try_and_no_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[Any] = []

    def refuse(name: str, **options: Any) -> None:
        tries.append((name, options["retry"]))
        raise ConnectionError

    monkeypatch.setattr(wake.sender, "send_task", refuse)
    for _ in range(3):
        wake.wake("workflows.tasks.sweep_timers_task")
    assert tries == [("workflows.tasks.sweep_timers_task", False)]


@pytest.mark.django_db(transaction=True)
def test_the_hint_reaches_the_real_broker() -> None:
    with wake.sender.connection_for_read() as connection:
        queue = connection.default_channel
        queue.queue_declare("celery")
        queue.queue_purge("celery")
        wake.wake("workflows.tasks.sweep_timers_task")
        message = queue.basic_get("celery", no_ack=True)
    assert message is not None
    assert message.headers["task"] == "workflows.tasks.sweep_timers_task"
    assert list(message.payload[:2]) == [[], {}], "no data travels, only the name"


def test_the_breaker_rests_and_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("workflows.wake.time.monotonic", lambda: now)
    breaker = Breaker(30.0)
    assert breaker.allows()
    breaker.trip()
    now = 1029.9
    assert not breaker.allows()
    now = 1030.0
    assert breaker.allows()
