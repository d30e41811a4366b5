"""Applicants and reviewers of a town under faults: they act through the operations, and act again when a step failed.

Runs as a process of its own beside the plant: `python -m tests.faults.townspeople` reads one JSON command per line and
answers each with one JSON line. What it says was filed, was acknowledged by the database.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from portal.demo.loading import become_portal

SITUATION = {
    "has_licence": True,
    "premises_ready": True,
    "organisation_kind": "company",
    "small_shop": False,
    "floor_area": 420,
    "storey": "ground",
    "residential_building": False,
    "food_items": ["hot"],
    "fire_route": "check",
    "has_sign": True,
    "sewer": True,
}
GIVEN = {"organisation.uscc": "91410100MA0000074E", "person.name": "王建国"}
#: Whoever has one of these answers gives it; the first that a task offers.
ANSWERS = ("accept", "confirmed", "recommend_grant", "agree", "grant", "forward", "wait_again")
#: Every second application was filed so long ago that all its limits are over: its timers are due at once.
LONG_AGO = timedelta(days=60)
PATIENCE_SECONDS = 120.0


class Town:
    """Everybody who acts. `met`: what reviewers were refused with, by class."""

    def __init__(self, seed: int = 4) -> None:
        self.filed: list[dict[str, Any]] = []
        self.met: Counter[str] = Counter()
        self.done = 0
        self.resting = threading.Event()
        self._chance = random.Random(seed)

    def begin(self, reviewers: int) -> None:
        for _ in range(reviewers):
            threading.Thread(target=self._review, daemon=True).start()

    # -- reviewers

    def _review(self) -> None:
        from django.db import connection

        while True:
            if self.resting.is_set():
                connection.close()
                time.sleep(0.05)
                continue
            try:
                if not self._review_one():
                    time.sleep(0.1)
            except Exception as error:
                self.met[type(error).__name__] += 1
                connection.close()
                time.sleep(0.05)

    def _review_one(self) -> bool:
        from services.cases.operations.steps import complete_step
        from services.parties.queries import users_in_post
        from workflows.enums import OPEN_TASK_STATES
        from workflows.models import Task
        from workflows.queries.calendars import database_now

        found = Task.objects.filter(state__in=OPEN_TASK_STATES, root__state="active").exclude(role="applicant")
        tasks = list(found.order_by("id")[:40])
        if not tasks:
            return False
        task, at = self._chance.choice(tasks), database_now()
        outcome = next((answer for answer in ANSWERS if answer in task.outcomes), None)
        by = users_in_post(task.department, task.role, at).first()
        if outcome is None or by is None:
            raise LookupError(f"Nobody can answer {task.node} with {task.outcomes}.")
        complete_step(task_id=task.pk, outcome=outcome, by=by, at=at, reasons="")
        self.done += 1
        return True

    # -- applicants

    def file(self, count: int) -> list[str]:
        """File applications of a restaurant with four parallel cases; returns their numbers."""
        return [self._file_one() for _ in range(count)]

    def _file_one(self) -> str:
        from django.contrib.auth import get_user_model
        from django.utils import timezone

        from portal.demo.samples import sample_answers, sample_picture
        from services.cases.operations.drafts import save_draft, start_draft
        from services.cases.operations.submission import review_hash, submit_application
        from services.cases.queries.forms import documents_wanted, form_of
        from services.catalogue.queries import current_bundle_version
        from services.documents.operations import store_upload
        from services.parties.queries import person_of
        from workflows.queries.calendars import database_now

        owner = persistently(lambda: get_user_model().objects.get(username="owner2"))
        at = persistently(database_now) - (LONG_AGO if len(self.filed) % 2 else timedelta())
        draft = persistently(
            lambda: start_draft(
                offer=current_bundle_version("open-restaurant"),
                party=person_of(owner).ref,
                by=owner,
                at=at,
                situation=SITUATION,
            )
        )
        answers = sample_answers(form_of(draft), GIVEN, situation=SITUATION, today=timezone.localdate(at))
        draft = persistently(lambda: save_draft(application_id=draft.pk, answers=answers, by=owner, at=at))
        handed_in = []
        for need in persistently(lambda: documents_wanted(draft)):
            picture = sample_picture(need.code)
            persistently(
                lambda need=need, picture=picture: store_upload(
                    file=io.BytesIO(picture),
                    original_name=f"{need.code}.png",
                    declared_type="image/png",
                    subject_kind="application",
                    subject_id=draft.pk,
                    material_code=need.code,
                    by=owner,
                    at=at,
                )
            )
            handed_in.append(hashlib.sha256(picture).hexdigest())
        reviewed = persistently(lambda: review_hash(draft))
        consents = ["electronic_service", "data_sharing", "sensitive_data"]
        application = persistently(
            lambda: submit_application(
                application_id=draft.pk, reviewed_hash=reviewed, signed=True, consents=consents, by=owner, at=at
            )
        )
        self.filed.append({"number": application.number, "files": handed_in})
        return str(application.number)


def persistently(act: Callable[[], Any]) -> Any:
    """Act until the database has taken it, as a person does who gets an error page and presses the button again."""
    from django.db import DatabaseError, InterfaceError, connection

    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except (DatabaseError, InterfaceError):
            if time.monotonic() > end:
                raise
            connection.close()
            time.sleep(0.1)


def check() -> dict[str, Any]:
    """Ask every invariant in this process: the command has a test of its own."""
    from portal.management.invariants import check_invariants

    _, findings = persistently(lambda: check_invariants(contents=True))
    return {f"{one.check.invariant} {one.check.says}": list(one.broken.first) for one in findings if one.broken.count}


def token_of(name: str) -> str:
    """Give a member of staff a token for the API."""
    from django.contrib.auth import get_user_model

    from portal.api.operations import issue_token
    from workflows.queries.calendars import database_now

    return issue_token(user=get_user_model().objects.get(username=name), at=database_now())[0]


def main() -> None:
    """Obey one command per line."""
    become_portal()
    town = Town()
    town.resting.set()
    town.begin(reviewers=2)
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        for line in sys.stdin:
            command = json.loads(line)
            try:
                answer = _obey(town, command)
            except Exception as error:
                answer = {"failed": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), file=out, flush=True)


def _obey(town: Town, command: dict[str, Any]) -> Any:
    match command["do"]:
        case "file":
            return town.file(command["count"])
        case "review":
            return town.resting.clear()
        case "rest":
            return town.resting.set()
        case "tell":
            return {"filed": town.filed, "met": town.met, "done": town.done}
        case "check":
            return check()
        case "token":
            return token_of(command["name"])
    raise ValueError(command["do"])


if __name__ == "__main__":
    main()
