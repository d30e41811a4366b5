"""Nothing personal reaches the broker or the logs, also when every channel fails (REL-2)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from django.conf import settings as site
from django.db import transaction

from portal.demo.servers import LOOPBACK, free_port
from services.notifications.dead_letters import correct_address
from services.notifications.dispatch import dispatch_notices
from services.notifications.models import Notice
from services.notifications.operations import owe_notices
from services.notifications.webhooks import register_endpoint
from tests.factories.accounts import UserFactory
from tests.factories.notifications import AT, PARAMS, draft_for
from tests.factories.parties import PersonFactory
from workflows import wake

CANARIES = ("欧阳测试", "canary-mail", "13987654321", "食品经营许可", "Food licence", "canary-path", "canary-fixed")
END = "the-flow-is-over"


@contextmanager
def every_command() -> Iterator[list[str]]:
    """Yield what the real broker is told until the block ends."""
    broker = redis.Redis.from_url(f"{site.REDIS_URL}/0")
    heard: list[str] = []
    with broker.monitor() as monitor:

        def listen() -> None:
            for command in monitor.listen():
                heard.append(str(command["command"]))
                if END in heard[-1]:
                    return

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield heard
        finally:
            broker.echo(END)
            listener.join(timeout=10)


@pytest.mark.django_db(transaction=True)
def test_no_name_address_or_text_leaves_the_database(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    wake.breaker.reset()
    nowhere = f"http://{LOOPBACK}:{free_port()}"
    settings.SMS_GATEWAY_URL, settings.WEBHOOK_PRIVATE_ALLOWED = f"{nowhere}/messages", True
    settings.EMAIL_HOST, settings.EMAIL_PORT = LOOPBACK, free_port()
    person = PersonFactory(
        name="欧阳测试", mobile="13987654321", user__name="欧阳测试", user__email="canary-mail@example.com"
    )
    with caplog.at_level(logging.DEBUG), every_command() as heard:
        register_endpoint(owner=person.user, url=f"{nowhere}/canary-path", at=AT)
        with transaction.atomic():
            owe_notices([draft_for(person.user, kind="case_granted", params=PARAMS)], at=AT)
        assert dispatch_notices(at=AT, worker="w").retry == 3
        Notice.objects.filter(channel="email").update(status="dead", next_attempt_at=None)
        dead = Notice.objects.get(channel="email")
        correct_address(notice=dead, address="canary-fixed@example.com", reason="r", by=UserFactory(), at=AT)
        dispatch_notices(at=AT, worker="w")
        for _ in range(200):  # the wake-up is sent beside us
            if any("dispatch_notices_task" in command for command in heard):
                break
            time.sleep(0.05)
    told, logged = "\n".join(heard), "\n".join(record.getMessage() for record in caplog.records)
    assert "dispatch_notices_task" in told  # it was listening
    assert "notice_not_sent" in logged
    for canary in CANARIES:
        assert canary not in told
        assert canary not in logged
