"""The entries by which notices get sent: Celery, beat, the command."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from services.notifications import tasks
from services.notifications.dispatch import Dispatched
from services.notifications.management.commands import dispatch_notices as command
from services.notifications.models import Notice
from services.notifications.operations import DISPATCH_TASK
from services.notifications.tasks import dispatch_notices_task
from tests.factories.notifications import NoticeFactory
from tests.services.notifications.conftest import MailServer

pytestmark = pytest.mark.django_db


def test_task_sends_what_is_due_by_the_database_clock(mail_server: MailServer, woken: list[str]) -> None:
    notice = NoticeFactory(next_attempt_at="2020-01-01T00:00:00Z")
    dispatch_notices_task()
    notice.refresh_from_db()
    assert notice.status == "sent"
    assert notice.sent_at.year > 2020
    assert woken == []


def test_task_asks_to_be_called_again_if_there_is_more(
    woken: list[str], monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(tasks, "dispatch_notices", lambda **_: Dispatched(sent=200, retry=0, dead=0, more=True))
    with django_capture_on_commit_callbacks(execute=True):
        dispatch_notices_task()
    assert woken == [DISPATCH_TASK]


def test_beat_calls_the_task_by_its_name() -> None:
    assert dispatch_notices_task.name == DISPATCH_TASK
    assert DISPATCH_TASK in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}


def test_command_sends_until_nothing_is_due(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    NoticeFactory.create_batch(3, next_attempt_at="2020-01-01T00:00:00Z")
    dispatch = command.dispatch_notices
    monkeypatch.setattr(command, "dispatch_notices", lambda **words: dispatch(limit=2, **words))
    out = StringIO()
    call_command("dispatch_notices", stdout=out)
    assert out.getvalue().splitlines() == [
        "sent 2, to be tried again 0, given up 0",
        "sent 1, to be tried again 0, given up 0",
    ]
    assert not Notice.objects.exclude(status="sent").exists()


def test_command_looks_again_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(command.time, "sleep", nap)
    with pytest.raises(KeyboardInterrupt):
        call_command("dispatch_notices", every=7.5, stdout=StringIO())
    assert naps == [7.5, 7.5]
