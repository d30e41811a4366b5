"""The same form changed in two places: what each changed, and where they disagree. Pure: no Django.

A page carries the mark of every answer it was made from (`base`). Compared with what is stored now and what the page
sends, that tells a field nobody touched here from one that was changed here, in another window, or in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.forms.comparing import mark, same

MINE, THEIRS = "mine", "theirs"


@dataclass(frozen=True, slots=True)
class Merge:
    """What becomes of the answers a page sent."""

    accepted: Mapping[str, object] = field(default_factory=dict)
    """To be stored: changed on this page only, or chosen."""
    newer: Mapping[str, object] = field(default_factory=dict)
    """Changed elsewhere only: the page has to show these instead of its own."""
    contested: Mapping[str, tuple[object, object]] = field(default_factory=dict)
    """Changed here and elsewhere, differently: (here, elsewhere). Neither is taken before somebody chooses."""


def merge_answers(
    *,
    stored: Mapping[str, object],
    sent: Mapping[str, object],
    base: Mapping[str, str],
    chosen: Mapping[str, str] | None = None,
) -> Merge:
    """Return what becomes of the answers a page sent.

    Args:
        stored: the answers as they are now.
        sent: the page's answers, by code.
        base: the mark of each answer the page was made from, by code; one that stands not there was not shown before.
        chosen: what she decided about contested answers, by code: `choice(MINE or THEIRS, answer elsewhere)`. It counts
            only while the answer elsewhere is still the one she saw.
    """
    accepted: dict[str, object] = {}
    newer: dict[str, object] = {}
    contested: dict[str, tuple[object, object]] = {}
    for code, here in sent.items():
        there = stored.get(code)
        decision = (chosen or {}).get(code, "")
        if same(here, there):
            continue
        if code not in base or mark(there) == base[code] or decision == choice(MINE, there):
            accepted[code] = here
        elif mark(here) == base[code] or decision == choice(THEIRS, there):
            newer[code] = there
        else:
            contested[code] = (here, there)
    return Merge(accepted, newer, contested)


def choice(which: str, there: object) -> str:
    """Return the value that says which of two answers she chose; it names the answer elsewhere that she saw."""
    return f"{which}:{mark(there)}"


def marks_of(answers: Mapping[str, object], codes: Iterable[str]) -> dict[str, str]:
    """Return the marks of some answers by code: the base of a page made now."""
    return {code: mark(answers.get(code)) for code in codes}


def write_base(base: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Return a base for a hidden input. names: name of the input by code."""
    return " ".join(f"{names[code]}:{one}" for code, one in base.items())


def read_base(text: str, names: Mapping[str, str]) -> dict[str, str]:
    """Return the base a page sent, by code; what is no mark of these inputs is left out."""
    marks = dict(part.partition(":")[::2] for part in text.split()[: len(names) * 2])
    return {code: marks[name] for code, name in names.items() if name in marks}
