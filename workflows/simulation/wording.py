"""A simulation as a text for a terminal: tables whose columns hold, in Chinese too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width

Words = Mapping[str, Any]

NUMBER = ">"
LONGEST_NAME = 32


def told(answer: Words) -> str:
    """Return what `manage.py simulate` answers, as text."""
    lines = [*_head(answer), *_steps(answer), *_load(answer["load"]), *_variants(answer)]
    if "against" in answer:
        lines += ["", f"Before ({answer['against']['source']}) and after ({answer['source']})", *_changes(answer)]
    return "\n".join(lines)


def _head(answer: Words) -> list[str]:
    total, history = answer["total"], answer["from_history"]
    basis = f", like {history} closed ones" if history else ", by assumption"
    lines = [
        f"{answer['process']} ({answer['source']}): {answer['cases']} cases{basis}, seed {answer['seed']}",
        f"Working days in total: P50 {_days(total['p50'])}, P90 {_days(total['p90'])}, mean {_days(total['mean'])}",
        f"Ended: {answer['ended']}: "
        + ", ".join(f"{name or '-'} {count}" for name, count in answer["outcomes"].items()),
    ]
    lines += [f"Not ended: {count}: {reason}" for reason, count in answer["stuck"].items()]
    return lines


def _steps(answer: Words) -> list[str]:
    rows = [
        (
            step["step"],
            _name(step),
            step["department"],
            step["count"],
            step["taken_away"],
            *map(_days, (step["days"]["p50"], step["days"]["p90"], step["waiting"]["p90"])),
            step["limit"] or "-",
            _share(step["late"]),
        )
        for step in answer["steps"]
    ]
    head = (
        "Step", "Name", "Department", "Done", "Taken away", "P50 days", "P90 days", "P90 waiting", "Limit", "Late",
    )  # fmt: skip
    return ["", *_table(head, rows, "<<<>>>>><>")]


def _load(load: Sequence[Words]) -> list[str]:
    keys = ("department", "tasks", "hours", "handled_hours")
    rows = [(*(one[key] or "-" for key in keys), one["people"] or "-", _share(one["utilisation"])) for one in load]
    return ["", *_table(("Department", "Tasks", "Working hours", "In hand", "People", "Busy"), rows, "<>>>>>")]


def _variants(answer: Words) -> list[str]:
    rows = [
        (one["cases"], _days(one["days"]["p50"]), _days(one["days"]["p90"]), _path(one["path"]))
        for one in answer["variants"]
    ]
    return ["", f"Ways: {answer['ways']}", *_table(("Cases", "P50 days", "P90 days", "Steps done"), rows, ">>><")]


def _changes(answer: Words) -> list[str]:
    found = answer["against"]["differences"]
    rows = [("total", *_change(found["total"])), *((name, *_change(one)) for name, one in found["steps"].items())]
    head = ("Working days", "P50 before", "after", "by", "P90 before", "after", "by")
    keys = ("department", "tasks_before", "tasks_after", "hours_before", "hours_after", "hours_by")
    loads = [[one[key] for key in keys] for one in found["load"]]
    lines = [*_table(head, rows, "<>>>>>>"), ""]
    lines += _table(("Department", "Tasks before", "after", "Hours before", "after", "by"), loads, "<>>>>>")
    lines += ["", f"Cases that go another way: {found['changed_cases']} of {answer['cases']}"]
    for way in found["ways"]:
        lines.append(f"  {way['cases']} (such as {', '.join(way['examples'])})")
        lines += [f"    before: {_path(way['before'])}", f"    after:  {_path(way['after'])}"]
    return lines


def _change(one: Words) -> tuple[str, ...]:
    return tuple(
        _days(one[f"{percentile}_{when}"], signed=when == "by")
        for percentile in ("p50", "p90")
        for when in ("before", "after", "by")
    )


def _path(path: Sequence[str] | None) -> str:
    return "does not end" if path is None else " → ".join(path) or "-"


def _name(step: Words) -> str:
    return str(step["name_en"] or step["name_zh"])[:LONGEST_NAME]


def _days(days: float | None, *, signed: bool = False) -> str:
    return "-" if days is None else f"{days:+.2f}" if signed and round(days, 2) else f"{days:.2f}"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]], sides: str) -> list[str]:
    """Return aligned lines. sides: for each column whether it keeps to the left (<) or to the right (>)."""
    cells = [head, *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(_padded, row, widths, sides)).rstrip() for row in cells]


def _padded(text: str, width: int, side: str) -> str:
    gap = " " * (width - _width(text))
    return gap + text if side == NUMBER else text + gap


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
