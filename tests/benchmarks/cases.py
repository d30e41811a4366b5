"""Cases carried out by the engine through its operations, with a notice in the real outbox for every opened task."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from services.notifications.drafts import NoticeDraft
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import Notice
from tests.benchmarks.drawing import APPROVER, DEPARTMENTS, KEY, OUTCOMES, five_departments
from tests.factories.clocks import at as local
from tests.factories.parties import MembershipFactory
from workflows.models import Run, Task
from workflows.operations.definitions import publish_process
from workflows.operations.runs import start_run
from workflows.operations.tasks import complete_task
from workflows.signals import TaskReady, effects_committed

SUBJECT = "bench"
NOW = local("2026-09-29 10:00")
#: What conditions read of a restaurant's application: the answers that choose the departments.
ANSWERS = {
    "answers": {
        "has_licence": False,
        "organisation_kind": "company",
        "small_shop": False,
        "floor_area": 420,
        "storey": "ground",
        "residential_building": False,
        "food_items": ["hot", "cold", "drinks"],
        "fire_route": "check",
        "has_sign": True,
        "sewer": True,
    }
}


def posts() -> list[tuple[str, str]]:
    """Return the posts of the process: five departments' handlers, then the approver."""
    return [*((department, "handler") for department in DEPARTMENTS), APPROVER]


def prepare() -> None:
    """Publish the process and appoint one person per post."""
    for department, role in posts():
        MembershipFactory(department__code=department, role=role, user__username=f"{department}-{role}".lower())
    publish_process(source=five_departments(), at=NOW)


def people() -> dict[tuple[str, str], Any]:
    """Return the person in each post."""
    from django.contrib.auth import get_user_model

    named = {user.username: user for user in get_user_model().objects.all()}
    return {post: named["-".join(post).lower()] for post in posts()}


class Engine:
    """Starts and finishes cases. Tasks are known from what the engine tells, so that nothing is read besides."""

    def __init__(self) -> None:
        """Know of no task yet."""
        self._opened: dict[int, list[Task]] = {}

    @cached_property
    def people(self) -> dict[tuple[str, str], Any]:
        """The person in each post: the same in every database that was prepared."""
        return people()

    @contextlib.contextmanager
    def told(self) -> Iterator[Engine]:
        """Listen to the engine and owe notices until the block ends."""
        effects_committed.connect(self._owe, dispatch_uid="bench")
        try:
            yield self
        finally:
            effects_committed.disconnect(dispatch_uid="bench")

    def start(self, number: int, at: datetime = NOW) -> Run:
        """Start one case: five tasks open."""
        return start_run(process_key=KEY, subject_kind=SUBJECT, subject_id=str(number), data=ANSWERS, by=None, at=at)

    def opened(self, run: Run) -> list[Task]:
        """Return the tasks a run has opened since this was asked last."""
        return self._opened.pop(run.pk)

    def complete(self, task: Task, at: datetime = NOW) -> None:
        """Complete a task as the person in its post."""
        person = self.people[task.department, task.role]
        complete_task(task_id=task.pk, outcome=OUTCOMES[0], by=person, at=at)

    def finish(self, number: int) -> Run:
        """Carry out one case from its start to its end: seven transactions."""
        run = self.start(number)
        for _ in range(2):
            for task in self.opened(run):
                self.complete(task)
        return run

    def _owe(self, sender: object, *, root: Run, effects: Sequence[Any], at: datetime, **_: Any) -> None:
        tasks = [effect.task for effect in effects if isinstance(effect, TaskReady)]
        if not tasks or root.subject_kind != SUBJECT:
            return
        self._opened.setdefault(root.pk, []).extend(tasks)
        Notice.objects.bulk_create([self._notice(task, at) for task in tasks], ignore_conflicts=True)

    def _notice(self, task: Task, at: datetime) -> Notice:
        draft = NoticeDraft(
            subject_kind="task",
            subject_id=str(task.pk),
            kind="task_waiting",
            recipient_user_id=self.people[task.department, task.role].pk,
        )
        return Notice(
            subject_kind=draft.subject_kind,
            subject_id=draft.subject_id,
            kind=draft.kind,
            channel=Channel.INBOX,
            recipient_id=draft.recipient_user_id,
            language="zh-hans",
            params=notice_params(task.subject_id, task.name_zh, task.name_en),
            link=f"/desk/tasks/{task.pk}/",
            status=NoticeStatus.SENT,
            sent_at=at,
            created_at=at,
        )


def notice_params(case: str, name_zh: str, name_en: str) -> dict[str, str]:
    """Return what a notice's texts are filled with."""
    return {
        "case": case,
        "title_zh": name_zh,
        "title_en": name_en,
        "service_zh": "餐饮开办",
        "service_en": "Open a restaurant",
    }
