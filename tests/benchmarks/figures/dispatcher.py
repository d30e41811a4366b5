"""How many mails a second two dispatchers send to an SMTP server that shares their machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from services.notifications.drafts import NoticeDraft
from services.notifications.enums import Channel
from services.notifications.models import Notice
from services.notifications.operations import owe_notices
from tests.benchmarks.cases import NOW
from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.ground import SETTINGS, Ground

WORKERS = 2
DRAFTS_AT_ONCE = 500
ROOT = Path(__file__).resolve().parents[3]
WORKER = """
import django, sys
django.setup()
from services.notifications.operations import dispatch_notices
from workflows.queries.calendars import database_now
dispatch_notices(at=database_now(), limit=1, worker="warm")
print("ready", flush=True)
sys.stdin.readline()
more = True
while more:
    more = dispatch_notices(at=database_now(), worker="bench").more
"""


def measure(ground: Ground, size: Size) -> Figure:
    """Owe ten mails for every finished case, drain them with two processes, and count what the server took."""
    notices = 10 * size.finished
    with ground.fresh_database():
        owing = _owe(notices + WORKERS)
        stub = _started("-m", "tests.benchmarks.smtp_stub")
        environment = _environment(port=_line(stub))
        workers = [_started("-c", WORKER, **environment) for _ in range(WORKERS)]
        for worker in workers:
            assert _line(worker) == "ready"
        began = time.perf_counter()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        failed = [worker.wait() for worker in workers]
        seconds = time.perf_counter() - began
        seen = json.loads(stub.communicate()[0])
        marked = Counter(Notice.objects.filter(channel=Channel.EMAIL).values_list("status", flat=True))
    everything = notices + WORKERS
    return Figure(
        name="dispatcher",
        title="mails per second, two dispatchers and the SMTP server on this machine",
        unit="notices/s",
        value=notices / seconds,
        must=300,
        hope=600,
        higher_is_better=True,
        holds=not any(failed) and seen == {"taken": everything, "ids": everything} and marked == {"sent": everything},
        detail={
            "notices": notices,
            "seconds": round(seconds, 2),
            "server": seen,
            "marked": dict(marked),
            "owed_per_second": round(everything / owing),
        },
    )


def _owe(count: int) -> float:
    """Owe each a mail, and a message in the inbox; return the seconds it took."""
    users = list(get_user_model().objects.filter(is_active=True).exclude(email=""))
    began = time.perf_counter()
    for first in range(0, count, DRAFTS_AT_ONCE):
        numbers = range(first, min(first + DRAFTS_AT_ONCE, count))
        owe_notices([_draft(number, users[number % len(users)].pk) for number in numbers], at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("analyze notifications_notice")
    return time.perf_counter() - began


def _draft(number: int, user: int) -> NoticeDraft:
    return NoticeDraft(
        subject_kind="case",
        subject_id=str(number),
        kind="case_granted",
        recipient_user_id=user,
        params={
            "case": f"2026SCJG{number:08d}",
            "service_zh": "食品经营许可",
            "service_en": "Food business licence",
            "department_zh": "市场监督管理局",
            "department_en": "Administration for Market Regulation",
        },
        link=f"/my/applications/{number:016d}/#case-1",
    )


def _environment(*, port: str) -> dict[str, str]:
    words = {name: str(connection.settings_dict[name]) for name in ("NAME", "USER", "HOST", "PORT")}
    url = f"postgres://{words['USER']}@{words['HOST']}:{words['PORT']}/{words['NAME']}"
    return {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": port,
        "LOG_LEVEL": "WARNING",
    }


def _started(*words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _line(process: subprocess.Popen[Any]) -> str:
    assert process.stdout is not None
    return str(process.stdout.readline()).strip()
