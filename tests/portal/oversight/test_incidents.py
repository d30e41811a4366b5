"""What stands still: seen by overseers, mended by managers."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories.cases import FILED_AT, open_case
from tests.factories.catalogue import published_service
from tests.factories.parties import MembershipFactory
from workflows.enums import JobState
from workflows.models import Job, Standstill

pytestmark = pytest.mark.django_db


def signed_in(role: str, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    user = MembershipFactory(department__code="ZWB", role=role, user__language=language).user
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
    again = client.post(f"/oversight/incidents/jobs/{job.pk}/retry/", follow=True)
    assert "does not stand still any more" in again.content.decode()
    assert client.post("/oversight/incidents/jobs/999999/retry/").status_code == 404


@pytest.mark.parametrize("role", ["auditor", "handler", "admin"])
def test_nobody_else_mends(role: str, job: Job) -> None:
    client = signed_in(role)
    paths = (
        f"jobs/{job.pk}/retry/",
        f"jobs/{job.pk}/skip/",
    )
    for path in paths:
        assert client.post(f"/oversight/incidents/{path}").status_code == 403
        assert client.get(f"/oversight/incidents/{path}").status_code in (403, 405)
    job.refresh_from_db()
    assert job.state == JobState.INCIDENT


def test_an_auditor_reads_that_a_manager_decides(job: Job) -> None:
    assert "A manager decides" in signed_in("auditor").get("/oversight/incidents/").content.decode()


@pytest.mark.parametrize(
    ("language", "means", "missing", "done"),
    [
        ("en", "No certificate and no decision is made out", "Say why the step is skipped", "The step is skipped"),
        ("zh-hans", "不会制发证照和决定书", "请说明跳过的原因", "步骤已跳过"),
    ],
)
def test_a_manager_skips_a_failed_step_with_a_reason(
    job: Job, language: str, means: str, missing: str, done: str
) -> None:
    client = signed_in("manager", language)
    address = f"/oversight/incidents/jobs/{job.pk}/skip/"
    assert address in client.get("/oversight/incidents/").content.decode()
    page = client.get(address).content.decode()
    assert means in page
    empty = client.post(address, {"reason": "   "})
    assert empty.status_code == 422
    assert missing in empty.content.decode()
    long = client.post(address, {"reason": "字" * 501})
    assert long.status_code == 422
    assert "字" * 501 in long.content.decode()  # what was typed is kept
    job.refresh_from_db()
    assert job.state == JobState.INCIDENT
    skipped = client.post(address, {"reason": "窗口已手工制证。"}, follow=True)
    assert done in skipped.content.decode()
    job.refresh_from_db()
    assert (job.state, job.reason) == (JobState.SKIPPED, "窗口已手工制证。")
    assert client.post(address, {"reason": "又一次"}).status_code == 302
    job.refresh_from_db()
    assert job.reason == "窗口已手工制证。"
    case = client.get(f"/oversight/cases/{job.run.case.public_id}/").content.decode()
    assert "窗口已手工制证。" in case


@pytest.mark.parametrize(
    ("language", "heading"), [("en", "Cases that nothing moves any more"), ("zh-hans", "无任何动作推动的办件")]
)
def test_a_case_that_nothing_moves_stands_there_until_it_moves(language: str, heading: str) -> None:
    case = open_case(published_service())
    found = Standstill.objects.create(root=case.application.run, run=case.run, node="handle", found_at=FILED_AT)
    client = signed_in("manager", language)
    page = client.get("/oversight/incidents/").content.decode()
    assert heading in page
    assert f"/oversight/cases/{case.public_id}/" in page
    Standstill.objects.filter(pk=found.pk).update(ended_at=FILED_AT)
    assert heading not in client.get("/oversight/incidents/").content.decode()
