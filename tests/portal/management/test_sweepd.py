"""The sweeper that needs no broker: it does what is due, survives a failing sweep, and stops when told."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command

from portal.management.commands import sweepd
from tests.factories.clocks import at, running_clock
from workflows.models import Timer


@pytest.fixture(autouse=True)
def _own_signal_handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.django_db(transaction=True)
def test_one_sweep_fires_what_is_due_by_the_databases_clock() -> None:
    past = running_clock(started="2025-01-24 10:00")
    future = running_clock(started="2030-01-24 10:00", subject_id="35")
    call_command("sweepd", "--once")
    fired = Timer.objects.filter(fired_at__isnull=False).values_list("subject_id", "kind").order_by("id")
    assert list(fired) == [(str(past.pk), "yellow"), (str(past.pk), "red")]
    assert Timer.objects.filter(subject_id=str(future.pk), fired_at__isnull=True).count() == 2
    assert past.due_at == at("2025-02-05 17:00")


@pytest.mark.django_db(transaction=True)
def test_a_failing_sweep_stops_no_other_and_shows_in_the_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(sweepd, "SWEEPS", (broken, lambda: done.append("second")))
    with pytest.raises(SystemExit) as ended:
        call_command("sweepd", "--once")
    assert ended.value.code == 1
    assert done == ["second"]


@pytest.mark.django_db(transaction=True)
def test_it_sweeps_again_and_again_until_told_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[Any] = []

    def third_time_stop() -> None:
        rounds.append(threading.current_thread())
        if len(rounds) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(sweepd, "SWEEPS", (third_time_stop,))
    call_command("sweepd", "--every", "0")
    assert len(rounds) == 3
