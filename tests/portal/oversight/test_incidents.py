"""What stands still: seen by overseers, mended by managers."""

from __future__ import annotations

import pytest
from django.test import Client

from services.notifications.enums import NoticeStatus
from services.notifications.models import Notice
from tests.factories.cases import FILED_AT, open_case
from tests.factories.catalogue import published_service
from tests.factories.notifications import NoticeFactory
from tests.factories.parties import MembershipFactory
from workflows.enums import JobState
from workflows.models import Job

pytestmark = pytest.mark.django_db


def signed_in(role: str) -> Client:
    client = Client()
    user = MembershipFactory(department__code="ZWB", role=role, user__language="en").user
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def job() -> Job:
    case = open_case(published_service())
    return Job.objects.create(
        run=case.run,
        root=case.application.run,
        node="issue",
        round=1,
        action="cases.issue_result",
        state=JobState.INCIDENT,
        attempts=6,
        last_error="OSError",
        next_attempt_at=FILED_AT,
        queued_at=FILED_AT,
    )


def test_nothing_stands_still() -> None:
    assert "Nothing stands still" in signed_in("manager").get("/oversight/incidents/").content.decode()


def test_a_manager_sets_a_failed_step_going_again(job: Job) -> None:
    client = signed_in("manager")
    page = client.get("/oversight/incidents/").content.decode()
    assert job.run.case.number in page
    assert "OSError" in page
    response = client.post(f"/oversight/incidents/jobs/{job.pk}/retry/", follow=True)
    assert "The step is tried again now." in response.content.decode()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert client.post(f"/oversight/incidents/jobs/{job.pk}/retry/").status_code == 404  # it is no incident any more


def test_a_manager_sends_a_message_again_or_gives_it_up() -> None:
    first, second = NoticeFactory(dead=True, recipient__name="李小敏"), NoticeFactory(dead=True)
    client = signed_in("manager")
    page = client.get("/oversight/incidents/").content.decode()
    assert "李*敏" in page
    assert "李小敏" not in page
    client.post(f"/oversight/incidents/notices/{first.public_id}/retry/")
    client.post(f"/oversight/incidents/notices/{second.public_id}/cancel/")
    assert Notice.objects.get(pk=first.pk).status == NoticeStatus.QUEUED
    assert Notice.objects.get(pk=second.pk).status == NoticeStatus.CANCELLED
    again = client.post(f"/oversight/incidents/notices/{second.public_id}/retry/", follow=True)
    assert "Only a message that failed can be sent again." in again.content.decode()


@pytest.mark.parametrize("role", ["auditor", "handler", "admin"])
def test_nobody_else_mends(role: str, job: Job) -> None:
    notice = NoticeFactory(dead=True)
    client = signed_in(role)
    paths = (
        f"jobs/{job.pk}/retry/",
        f"notices/{notice.public_id}/retry/",
        f"notices/{notice.public_id}/cancel/",
    )
    for path in paths:
        assert client.post(f"/oversight/incidents/{path}").status_code == 403
        assert client.get(f"/oversight/incidents/{path}").status_code in (403, 405)
    job.refresh_from_db()
    notice.refresh_from_db()
    assert (job.state, notice.status) == (JobState.INCIDENT, NoticeStatus.DEAD)


def test_an_auditor_reads_that_a_manager_decides(job: Job) -> None:
    assert "A manager decides" in signed_in("auditor").get("/oversight/incidents/").content.decode()
