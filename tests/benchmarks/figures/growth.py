"""What a case costs when there are ten times as many in the tables."""

from __future__ import annotations

from statistics import median

from django.apps import apps
from django.db import connection, models

from services.notifications.models import Notice
from tests.benchmarks.cases import Engine, people
from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.figures.throughput import WARM_UP, finish_all
from tests.benchmarks.filling import continue_numbers, copy_rows, settle, unguarded
from tests.benchmarks.floor import Floor, laid
from tests.benchmarks.ground import Ground, dsn

#: Of the cases that are copied, so many out of ten are still at work.
OPEN_OF_TEN = 2
#: Numbers of the cases that are measured, far from those that are copied.
FIRST_MEASURED = 10_000_000
STEP = 100_000


def measure(ground: Ground, size: Size) -> Figure:
    """Measure cases among few others, then among many. The floor's cases, in turns, show how the machine drifts."""
    costs: dict[str, dict[str, list[float]]] = {}
    with ground.fresh_database(), laid(dsn(connection.settings_dict)) as tables, Engine().told() as engine:
        floor = Floor(tables, {post: person.pk for post, person in people().items()})
        grown = _seed(engine, size.seeds)
        copied = 1
        for name, wanted in (("few", size.few), ("many", size.many)):
            _copy(grown, copied, wanted // size.seeds)
            copied = wanted // size.seeds
            costs[name] = _costs(engine, floor, size, FIRST_MEASURED * copied)
    medians = {name: {who: median(values) for who, values in both.items()} for name, both in costs.items()}
    plain = medians["many"]["engine"] / medians["few"]["engine"]
    drift = medians["many"]["floor"] / medians["few"]["floor"]
    return Figure(
        name="growth",
        title="cost per case with 10× the cases in the table",
        unit="×",
        value=plain / drift,
        must=1.15,
        hope=1.0,
        rounds={
            f"{who}_ms_{name}": [round(one, 2) for one in values]
            for name, both in costs.items()
            for who, values in both.items()
        },
        detail={"cases": [size.few, size.many], "without_drift_taken_out": round(plain, 3), "drift": round(drift, 3)},
    )


def _costs(engine: Engine, floor: Floor, size: Size, first: int) -> dict[str, list[float]]:
    """Return the milliseconds per case of engine and floor, round by round."""
    took: dict[str, list[float]] = {"engine": [], "floor": []}
    for act in (engine.finish, floor.finish):
        finish_all(act, WARM_UP, first=first)
    for number in range(1, size.rounds + 1):
        for name, act in (("engine", engine.finish), ("floor", floor.finish)):
            seconds = finish_all(act, size.cases, first=first + number * STEP)
            took[name].append(seconds / size.cases * 1000)
    return took


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
        elif isinstance(field, models.UUIDField) and field.unique:
            changed[field.column] = "gen_random_uuid()"
        elif isinstance(field, models.CharField) and field.unique:
            changed[field.column] = f"left(md5({name} || n) || md5(n || {name}), {field.max_length})"
    return changed
