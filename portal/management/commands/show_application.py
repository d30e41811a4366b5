"""Show where an application stands, as JSON: its cases, limits, papers and messages, without personal values."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from services.cases.models import Application, Case
from services.documents.models import Paper
from services.documents.queries import papers_of
from services.notifications.models import Notice
from services.notifications.queries import notices_of
from workflows.models import Task
from workflows.operations.history import first_broken_row
from workflows.queries.clocks import clocks_of


class Command(BaseCommand):
    """Prints one JSON object."""

    help = "Show an application by its number: cases, limits with due dates, papers, messages, history check."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the number."""
        parser.add_argument("number")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it, or say that there is none."""
        application = Application.objects.filter(number=options["number"]).select_related("run").first()
        if application is None or application.run is None:
            raise CommandError(f"There is no application {options['number']}.")
        cases = list(application.cases.select_related("service__item", "department").order_by("position"))
        broken = first_broken_row(application.run)
        facts = {
            "number": application.number,
            "public_id": application.public_id,
            "state": application.state,
            "result": application.result,
            "closed_at": _instant(application.closed_at),
            "history_holds": broken is None,
            "papers": [_paper(paper) for paper in papers_of("application", application.pk)],
            "messages": _messages(application, cases),
            "cases": [_case(case) for case in cases],
        }
        self.stdout.write(json.dumps(facts, ensure_ascii=False))


def _instant(value: Any) -> str | None:
    return timezone.localtime(value).isoformat() if value else None


def _case(case: Case) -> dict[str, Any]:
    instants = ("filed_at", "accepted_at", "decided_at", "issued_at", "delivered_at", "closed_at")
    return {
        "number": case.number,
        "part": case.part,
        "public_id": case.public_id,
        "department": case.department.code,
        "state": case.state,
        **{name: _instant(getattr(case, name)) for name in instants},
        "limits": [
            {
                "kind": clock.kind,
                "amount": clock.limit_amount,
                "unit": clock.limit_unit,
                "started_at": _instant(clock.started_at),
                "due_on": clock.due_on.isoformat() if clock.due_on else None,
                "due_at": _instant(clock.due_at),
                "provisional": clock.provisional,
                "stopped_at": _instant(clock.stopped_at),
            }
            for clock in clocks_of("case", str(case.pk))
        ],
        "papers": [_paper(paper) for paper in papers_of("case", case.pk)],
    }


def _paper(paper: Paper) -> dict[str, Any]:
    return {
        "kind": paper.kind,
        "number": paper.number,
        "public_id": paper.public_id,
        "verify_code": paper.verify_code,
        "sha256": paper.sha256,
        "issued_at": _instant(paper.issued_at),
    }


def _messages(application: Application, cases: list[Case]) -> list[dict[str, Any]]:
    tasks = Task.objects.filter(root_id=application.run_id).values_list("pk", flat=True)
    subjects = [("application", application.pk), *(("case", case.pk) for case in cases)]
    subjects += [("task", task) for task in tasks]
    rows: list[Notice] = []
    for kind, key in subjects:
        rows += notices_of(kind, str(key)).select_related("recipient").order_by("id")
    return [
        {
            "event": [row.subject_kind, row.subject_id, row.kind, row.round],
            "channel": row.channel,
            "recipient": row.recipient.get_username(),
            "status": row.status,
        }
        for row in rows
    ]
