"""A town to read pages of: all services on offer, some applications filed as people file them, thousands copied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, models
from django.utils import timezone
from psycopg import sql

from portal.demo.city import load_city
from portal.demo.samples import sample_answers
from services.cases.enums import ApplicationState
from services.cases.models import Application, Case
from services.cases.operations.drafts import save_draft, start_draft
from services.cases.operations.steps import complete_step
from services.cases.queries.forms import form_of
from services.catalogue.queries import current_bundle_version
from services.notifications.models import Notice
from services.notifications.packing import PackedJSONField
from services.parties.queries import person_of
from tests.benchmarks.filling import continue_numbers, copy_rows, settle, unguarded
from tests.factories.applications import RESTAURANT, filed_restaurant, open_task, user
from workflows.models import Clock, HistoryEvent, Run, Task, Timer
from workflows.operations.jobs import run_due_jobs
from workflows.queries.calendars import database_now

#: Copies stand so far apart that no number meets another.
_APART = 1_000_000
_COPIED: tuple[type[models.Model], ...] = (Run, Application, Case, Task, Clock, Timer, HistoryEvent, Notice)
_POINTERS = ("id", "root_id", "parent_id", "run_id", "application_id")
_SUBJECT = f"""case when o.subject_kind in ('application', 'case')
 then (o.subject_id::bigint + n * {_APART})::text else o.subject_id || '-' || n end"""


@dataclass(frozen=True)
class Town:
    """Addresses to read. owner: who may read the timelines and sections. applications: how many there are."""

    owner: str
    timelines: list[str]
    sections: list[str]
    applications: int


def build(*, seeds: int, copies: int) -> Town:
    """Load the city, file `seeds` restaurants and begin as many, and copy each `copies` times."""
    began = database_now() - timedelta(days=2)
    load_city(at=began - timedelta(days=30))
    for _ in range(seeds):
        _filed(began)
        _begun(began)
    with unguarded():
        for model in _COPIED:
            _copy(model, copies)
        _seal_again()
    for model in _COPIED:
        continue_numbers(model)
    settle()
    mine = Application.objects.filter(filed_by__username="owner2").order_by("-id")
    filed = mine.exclude(state=ApplicationState.DRAFT)
    drafts = mine.filter(state=ApplicationState.DRAFT)
    section = form_of(drafts[0]).sections[0].key
    return Town(
        owner="owner2",
        timelines=[f"/my/applications/{one.public_id}/" for one in filed],
        sections=[f"/my/applications/{one.public_id}/section/{section}/" for one in drafts],
        applications=Application.objects.count(),
    )


def _filed(at: datetime) -> None:
    """File a restaurant whose four cases have come to different points."""
    application = filed_restaurant(at=at)
    for part, role in (("sign-filing", "city"), ("drainage-permit", "city"), ("food-licence", "food")):
        case = application.cases.get(part=part)
        complete_step(task_id=open_task(case, "intake").pk, outcome="accept", by=user("clerk"), at=at)
        if part != "food-licence":
            by = user(f"{role}-handler")
            complete_step(task_id=open_task(case, "handle").pk, outcome="recommend_grant", by=by, at=at)
    for second in range(3):
        run_due_jobs(at=at + timedelta(seconds=second))


def _begun(at: datetime) -> None:
    """Begin an application for the same and fill in all of it."""
    owner = user("owner2")
    situation = {**RESTAURANT, "has_licence": False}
    offer, party = current_bundle_version("open-restaurant"), person_of(owner)
    assert party is not None
    draft = start_draft(offer=offer, party=party.ref, by=owner, at=at, situation=situation)
    answers = sample_answers(form_of(draft), {}, situation=situation, today=timezone.localdate(at))
    save_draft(application_id=draft.pk, answers=answers, by=owner, at=at)


def _seal_again() -> None:
    """Encrypt the values of copied notices for their own rows: one that was moved to another row does not open."""
    field = Notice._meta.get_field("params")
    assert isinstance(field, PackedJSONField)
    seeds = {one.pk: one for one in Notice.objects.filter(pk__lt=_APART)}
    encoded = {key: field.encode_value(one.params) for key, one in seeds.items()}
    copied = list(Notice.objects.filter(pk__gt=_APART).defer("params"))
    words = sql.SQL("update {} set params = s.params from sealed s where s.id = {}.id").format(
        *[sql.Identifier(Notice._meta.db_table)] * 2
    )
    with connection.cursor() as cursor:
        cursor.execute("create temporary table sealed (id bigint primary key, params bytea)")
        with cursor.copy("copy sealed from stdin") as rows:
            for one in copied:
                rows.write_row((one.pk, field.seal_encoded(encoded[one.pk % _APART], row=one.dedup_key)))
        cursor.execute(words)
        cursor.execute("drop table sealed")


def _copy(model: type[models.Model], copies: int) -> None:
    columns = {field.column for field in model._meta.local_concrete_fields}
    changed = {name: f"o.{name} + n * {_APART}" for name in _POINTERS if name in columns}
    if "subject_id" in columns:
        changed["subject_id"] = _SUBJECT
    if "public_id" in columns:
        changed["public_id"] = "substr(md5(o.public_id || n), 1, 20)"
    if "number" in columns:
        changed["number"] = "o.number || '-' || n"
    copy_rows(model, changed, f'"{model._meta.db_table}" o, generate_series(1, {copies}) n')
