"""What a case costs when there are ten times as many in the tables."""

from __future__ import annotations

import contextlib
from statistics import median

from django.apps import apps
from django.db import models

from services.notifications.models import Notice
from tests.benchmarks.cases import Engine
from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.figures.throughput import WARM_UP, finish_all
from tests.benchmarks.filling import continue_numbers, copy_rows, settle, unguarded
from tests.benchmarks.ground import Ground

#: Of the cases that are copied, so many out of ten are still at work.
OPEN_OF_TEN = 2
#: How far apart the numbers of copies lie: more than any table of the seeds has rows.
STEP = 100_000


def measure(ground: Ground, size: Size) -> Figure:
    """Finish cases in turns in two databases: among few others, and among many."""
    with Engine().told() as engine, contextlib.ExitStack() as stack:
        names = _databases(ground, stack, engine, size)
        took: dict[str, list[float]] = {name: [] for name in names}
        for number in range(1, size.rounds + 1):
            for name, database in names.items():
                with ground.using(database):
                    finish_all(engine.finish, WARM_UP, first=number * STEP)
                    seconds = finish_all(engine.finish, size.cases, first=number * STEP + WARM_UP)
                took[name].append(seconds / size.cases * 1000)
    ratios = [many / few for few, many in zip(took["few"], took["many"], strict=True)]
    return Figure(
        name="growth",
        title="cost per case with 10× the cases in the table",
        unit="×",
        value=median(took["many"]) / median(took["few"]),
        must=1.15,
        hope=1.0,
        rounds={f"ms_per_case_{name}": [round(one, 2) for one in values] for name, values in took.items()},
        detail={"cases": [size.few, size.many], "ratio_per_round": [round(one, 3) for one in ratios]},
    )


def _databases(ground: Ground, stack: contextlib.ExitStack, engine: Engine, size: Size) -> dict[str, str]:
    """Return two databases that differ only in how many cases are in them."""
    few = stack.enter_context(ground.database())
    with ground.using(few):
        grown = _seed(engine, size.seeds)
        _copy(grown, 1, size.few // size.seeds)
    many = stack.enter_context(ground.database(like=few))
    with ground.using(many):
        _copy(grown, size.few // size.seeds, size.many // size.seeds)
    return {"few": few, "many": many}


def _seed(engine: Engine, cases: int) -> list[type[models.Model]]:
    """Carry out the cases to be copied; return the tables that they grew."""
    candidates = [*apps.get_app_config("workflows").get_models(), Notice]
    before = {model: model._base_manager.count() for model in candidates}
    for number in range(1, cases + 1):
        if number % 10 < OPEN_OF_TEN:
            run = engine.start(number)
            for task in engine.opened(run)[:2]:
                engine.complete(task)
        else:
            engine.finish(number)
    return [model for model in candidates if model._base_manager.count() > before[model]]


def _copy(grown: list[type[models.Model]], have: int, wanted: int) -> None:
    """Copy the seeds until they are there `wanted` times; `have` times they are already."""
    with unguarded():
        for model in grown:
            source = f'"{model._meta.db_table}" o, generate_series({have}, {wanted - 1}) n'
            copy_rows(model, _changed(model, grown), f"{source}{_seeds_only(model, grown)}")
    for model in grown:
        continue_numbers(model)
    settle()


def _seeds_only(model: type[models.Model], grown: list[type[models.Model]]) -> str:
    """Return the condition that holds for rows of seeds alone: their numbers are lower than every copy's."""
    columns = [field.column for field in model._meta.local_concrete_fields if _is_number(field, grown)]
    return f' where o."{columns[0]}" < {STEP}'


def _is_number(field: models.Field, grown: list[type[models.Model]]) -> bool:
    return isinstance(field, models.AutoField | models.BigAutoField) or field.related_model in grown


def _changed(model: type[models.Model], grown: list[type[models.Model]]) -> dict[str, str]:
    """Return what differs in the n-th copy: numbers are moved on, what must be unique is made so."""
    changed = {}
    for field in model._meta.local_concrete_fields:
        name = f'o."{field.column}"'
        if _is_number(field, grown):
            changed[field.column] = f"{name} + n * {STEP}"
        elif field.name == "subject_id":
            changed[field.column] = f"{name} || '~' || n"
        elif isinstance(field, models.UUIDField):
            changed[field.column] = "gen_random_uuid()"
        elif isinstance(field, models.CharField) and _is_unique(field):
            changed[field.column] = f"left(md5({name} || n) || md5(n || {name}), {field.max_length})"
    return changed


def _is_unique(field: models.Field) -> bool:
    """Tell whether no two rows may have the same value in a field of theirs."""
    constraints = field.model._meta.constraints
    alone = any(isinstance(one, models.UniqueConstraint) and one.fields == (field.name,) for one in constraints)
    return field.unique or alone
