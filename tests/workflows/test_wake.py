"""Wake-up hints: after commit, one try, silence for a while after a failure, and never an exception."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from workflows import wake
from workflows.wake import Breaker, Messenger


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
    assert wake.messenger.wait_until_sent(30)
    assert sent == ["workflows.tasks.sweep_timers_task"]


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_wakes_nobody(sent: list[str]) -> None:
    with transaction.atomic():
        wake.wake("workflows.tasks.sweep_timers_task")
        transaction.set_rollback(True)
    assert wake.messenger.wait_until_sent(30)
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_hangs_costs_nobody_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, sent = threading.Event(), []

    def hang(name: str, **_: Any) -> None:
        answers.wait(30)
        sent.append(name)

    monkeypatch.setattr(wake.sender, "send_task", hang)
    began = time.monotonic()
    for name in ("one", "two", "one", "two"):
        wake.wake(name)
    assert time.monotonic() - began < 1
    assert not wake.messenger.wait_until_sent(0)
    answers.set()
    assert wake.messenger.wait_until_sent(30)
    assert set(sent) == {"one", "two"}
    assert len(sent) <= 3, "equal hints that wait are one"


def test_a_forked_process_has_a_messenger_of_its_own() -> None:
    sent: list[str] = []
    messenger = Messenger(sent.append)
    messenger.hand_over("before")
    assert messenger.wait_until_sent(30)
    reading, writing = os.pipe()
    with messenger._changed:  # the worst instant to be forked
        child = os.fork()
    if child == 0:
        messenger.hand_over("after")
        os.write(writing, b"1" if messenger.wait_until_sent(20) and sent == ["before", "after"] else b"0")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 1) == b"1"
    assert sent == ["before"]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_costs_one_try_and_no_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[Any] = []

    def refuse(name: str, **options: Any) -> None:
        tries.append((name, options["retry"]))
        raise ConnectionError

    monkeypatch.setattr(wake.sender, "send_task", refuse)
    for _ in range(3):
        wake.wake("workflows.tasks.sweep_timers_task")
        assert wake.messenger.wait_until_sent(30)
    assert tries == [("workflows.tasks.sweep_timers_task", False)]


@pytest.mark.django_db(transaction=True)
def test_the_hint_reaches_the_real_broker() -> None:
    with wake.sender.connection_for_read() as connection:
        queue = connection.default_channel
        queue.queue_declare("celery")
        queue.queue_purge("celery")
        wake.wake("workflows.tasks.sweep_timers_task")
        assert wake.messenger.wait_until_sent(30)
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
