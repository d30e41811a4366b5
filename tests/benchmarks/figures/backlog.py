"""Everything that fell due over a holiday, drained by two workers, and the same by hand-made SQL."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from django.db import connection

from services.cases.models import Application, Case
from services.notifications.models import Notice
from services.parties.enums import Role
from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.filling import continue_numbers, copy_rows, settle, unguarded
from tests.benchmarks.ground import Ground
from tests.benchmarks.holiday import CODE, DEPARTMENTS, MESSAGE, RECIPIENTS, Drained, drain
from tests.benchmarks.waiting import DUE, FIRST
from tests.factories.cases import open_case, open_task
from tests.factories.catalogue import published_service
from tests.factories.parties import MembershipFactory
from workflows.models import Clock, HistoryEvent, Run, Task, Timer
from workflows.operations.history import first_broken_row
from workflows.operations.thresholds import publish_threshold_rules

#: The first morning after the holiday.
AT = DUE + timedelta(hours=16)
SAMPLE = 200


def measure(ground: Ground, size: Size) -> Figure:
    """Drain twice, by the program and by hand, two copies of the same database; which comes first takes turns."""
    count, rounds = (5_000, 1) if size.quick else (100_000, 1)
    took: dict[str, list[Drained]] = {"engine": [], "floor": []}
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(ground.database())
        with ground.using(full):
            _fill(count)
        for _ in range(rounds):
            for way in took:
                with ground.database(like=full) as name, ground.using(name):
                    took[way].append(drain(way, AT))
                    _check(count, sum(took[way][-1].fired), way)
    engine, floor = (min(one.seconds for one in took[way]) for way in ("engine", "floor"))
    return Figure(
        name="backlog",
        title=f"{count:,} timers due at one instant, with history and 2 notices, 2 workers ÷ hand-made SQL",
        unit="×",
        value=engine / floor,
        must=3,
        hope=2,
        holds=engine <= 90 * count / 100_000,
        rounds={way: [round(one.seconds, 2) for one in values] for way, values in took.items()},
        detail={"per_second": round(count / engine), "processor_seconds": took["engine"][-1].processor},
    )


def _fill(count: int) -> None:
    """Make one accepted case per department with a task and a clock that ran out, and copies of them all."""
    notify = {"do": "notify", "options": {"to": RECIPIENTS, "message": MESSAGE, "channels": ["inbox"]}}
    rule = {"code": CODE, "kinds": ["promised"], "when": {"due": 0}, "light": "red", "law": False}
    publish_threshold_rules(rules=[{**rule, "consequences": [notify]}], note="", by=None, at=DUE - timedelta(days=90))
    cases = []
    for _ in range(DEPARTMENTS):
        case = open_case(published_service(), started=f"{DUE - timedelta(days=9):%Y-%m-%d %H:%M}", days=3)
        open_task(case)
        for role in (Role.HANDLER, Role.HEAD):
            MembershipFactory.create(department=case.department, role=role)
        cases.append(case)
    for place, case in enumerate(cases):
        _copy(case, FIRST + place * 100_000, count // DEPARTMENTS)
    Timer.objects.filter(pk__lt=FIRST).update(cancelled_at=DUE)  # only copies fire
    settle()


def _copy(case: Case, base: int, count: int) -> None:
    """Copy a case with everything that belongs to it; the history of each copy begins anew."""
    key, text = f"{base} + n", f"({base} + n)::text"
    child = f"{base} + 50000 + n"
    bare = {"history_length": "0", "history_head": r"'\x'::bytea"}
    clock = Clock.objects.get(subject_kind="case", subject_id=str(case.pk), kind="promised")
    timer = Timer.objects.get(subject_kind="clock", subject_id=str(clock.pk))
    about = {"id": key, "root_id": key, "subject_id": text}
    copies = (
        (Run, case.application.run_id, {"id": key, "subject_id": text, **bare}),
        (Run, case.run_id, {"id": child, "root_id": key, "parent_id": key, "subject_id": text, **bare}),
        (Application, case.application_id, {"id": key, "run_id": key, "number": _unique("number"), **_public()}),
        (Case, case.pk, {"id": key, "application_id": key, "run_id": child, "number": _unique("number"), **_public()}),
        (Task, case.run.tasks.get().pk, {**about, "run_id": child}),
        (Clock, clock.pk, about),
        (Timer, timer.pk, {**about, "due_at": f"timestamptz '{DUE.isoformat()}'"}),
    )
    with unguarded():
        for model, original, changed in copies:
            numbers = f"generate_series(0, {count - 1}) n where o.id = {original}"
            copy_rows(model, changed, f"{model._meta.db_table} o, {numbers}")
            continue_numbers(model)


def _unique(column: str) -> str:
    return f"o.{column} || '-' || n"


def _public() -> dict[str, str]:
    return {"public_id": "left(md5(o.public_id || n), 16)"}


def _check(count: int, fired: int, way: str) -> None:
    """Nothing lost and nothing doubled, and a sample of the chains verifies."""
    assert fired == count, (way, fired)
    assert HistoryEvent.objects.filter(kind="clock_warned").count() == count
    assert Notice.objects.filter(kind=MESSAGE).count() == 2 * count
    assert not Timer.objects.filter(fired_at=None, cancelled_at=None, due_at__lte=AT).exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "select root_id from workflows_historyevent where kind = 'clock_warned' order by hash limit %s", [SAMPLE]
        )
        roots = [root for (root,) in cursor.fetchall()]
    broken = [root.pk for root in Run.objects.filter(pk__in=roots) if first_broken_row(root) is not None]
    assert not broken, (way, broken)
