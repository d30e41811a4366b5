"""Two clerks judge the last two cases at the same instant: exactly one notice, in every round."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.core.management import call_command
from django.db import connection

from services.cases.enums import CaseState
from services.cases.models import Application, OneTimeNotice
from services.cases.operations.asking import Missing, ask_supplement, send_notice_now
from services.cases.operations.steps import complete_step
from services.documents.models import Paper
from services.notifications.models import Notice
from tests.factories.applications import filed_restaurant, open_task, user
from tests.factories.city import load_city
from tests.services.cases.conftest import MORNING
from workflows.models import Clock
from workflows.operations.history import first_broken_row

pytestmark = pytest.mark.django_db(transaction=True)
AT = MORNING + timedelta(hours=1)
ROUNDS = 4
PLAN = Missing(kind="material", code="layout-plan", reason="请标注尺寸。")


def at_once(*acts) -> list[Exception]:
    """Let every act run in a thread of its own, all let go together; return what was raised."""
    gate, raised = threading.Barrier(len(acts), timeout=30), []

    def work(act) -> None:
        try:
            connection.ensure_connection()
            gate.wait()
            act()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return raised


def asks(application: Application, part: str, name: str):
    task = open_task(application.cases.get(part=part), "intake")
    person = user(name)
    return lambda: ask_supplement(task_id=task.pk, missing=[PLAN], by=person, at=AT)


def accepts(application: Application, part: str, name: str):
    task = open_task(application.cases.get(part=part), "intake")
    person = user(name)
    return lambda: complete_step(task_id=task.pk, outcome="accept", by=person, at=AT)


@pytest.fixture
def city():
    load_city(at=MORNING)
    yield
    call_command("flush", verbosity=0, interactive=False, reset_sequences=False)


@pytest.mark.usefixtures("city")
def test_the_last_two_judged_at_once_send_one_notice() -> None:
    for _ in range(ROUNDS):
        application = filed_restaurant(at=MORNING)
        for part in ("sign-filing", "drainage-permit"):
            accepts(application, part, "clerk")()
        food, fire = (application.cases.get(part=part) for part in ("food-licence", "fire-safety-check"))
        now = partial(send_notice_now, case_id=food.pk, reason="x", by=user("clerk"), at=AT)
        acts = [asks(application, "food-licence", "clerk"), asks(application, "fire-safety-check", "clerk2")]
        assert at_once(*acts) == []
        notice = OneTimeNotice.objects.get(application=application)
        assert set(notice.supplements.values_list("case_id", flat=True)) == {food.pk, fire.pk}
        assert at_once(*acts, now)  # nothing waits
        assert OneTimeNotice.objects.filter(application=application).count() == 1
        sent = Notice.objects.filter(kind="supplement_needed", subject_id=str(application.pk), channel="inbox")
        assert sent.count() == len(set(sent.values_list("recipient", flat=True))) > 0
        assert Paper.objects.filter(kind="supplement_notice", subject_id=str(application.pk)).count() == 1
        assert first_broken_row(application.run) is None


@pytest.mark.usefixtures("city")
def test_one_accepted_and_one_asked_at_once_send_one_notice_and_stop_each_clock_once() -> None:
    for _ in range(ROUNDS):
        application = filed_restaurant(at=MORNING)
        for part in ("sign-filing", "drainage-permit"):
            accepts(application, part, "clerk")()
        acts = [asks(application, "food-licence", "clerk"), accepts(application, "fire-safety-check", "clerk2")]
        assert at_once(*acts) == []
        assert OneTimeNotice.objects.get(application=application).supplements.count() == 1
        food, fire = (application.cases.get(part=part) for part in ("food-licence", "fire-safety-check"))
        assert (food.state, fire.state) == (CaseState.SUPPLEMENT, CaseState.ACCEPTED)
        running = Clock.objects.filter(kind="one_time_notice", root=application.run, stopped_at=None)
        assert not running.exists()
