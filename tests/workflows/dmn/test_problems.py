"""The proof of a table: each kind of problem once by hand, then every verdict against brute force."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings

from tests.workflows.dmn.oracle import Table, tables
from tests.workflows.dmn.tables import CEL, Column, column, read
from workflows.dmn import DecisionError, Problem, decide, find_problems
from workflows.expressions import nested

OUT = [column("o")]
ANSWERED = [column("o", default="0")]


def problems(
    inputs: Sequence[Column], rules: Sequence[tuple[str, ...]], policy: str = "UNIQUE", outputs: list[Column] = ANSWERED
) -> list[Problem]:
    """Return what is wrong with a table whose rules all answer 1."""
    return find_problems(read(inputs, outputs, [(*rule, "1") for rule in rules], policy))


def kinds(found: list[Problem]) -> list[str]:
    return [problem.kind for problem in found]


def test_a_sound_table_has_no_problem() -> None:
    inputs = [column("area", "number", allowed="> 0"), column("raw", "boolean")]
    rules = [("< 50", "-"), ("[50..300]", "false"), ("[50..300]", "true"), ("> 300", "-")]
    for policy in ("UNIQUE", "FIRST", "COLLECT"):
        assert problems(inputs, rules, policy, OUT) == []


def test_an_overlap_names_both_rules_and_an_input_that_shows_it() -> None:
    (found,) = problems(
        [column("a.b", "number"), column("kind")], [("< 5", '"x"'), ("[4..9]", 'not("y")'), ("9", '"y"')]
    )
    assert (found.kind, found.elements, found.blocking) == ("overlap", ("r1", "r2"), True)
    assert found.example == {"a.b": 4, "kind": "x"}
    assert str(found) == 'The rules r1 and r2 both hit when a.b is 4 and kind is "x".'


@pytest.mark.parametrize("policy", ["FIRST", "COLLECT"])
def test_rules_may_overlap_where_several_may_hit(policy: str) -> None:
    assert problems([column("a")], [("< 5",), ("< 9",)], policy, OUT if policy == "COLLECT" else ANSWERED) == []


@pytest.mark.parametrize(
    ("kind", "first", "second", "overlap", "gap"),
    [
        # Neighbours in every order: what lies between 5 and 6 depends on the kind.
        ("number", "<= 5", ">= 6", False, True),
        ("integer", "<= 5", ">= 6", False, False),
        ("number", "< 5", ">= 5", False, False),
        ("number", "<= 5", ">= 5", True, False),
        ("number", "< 5", "> 5", False, True),
        ("integer", "< 5", "> 5", False, True),
        ("date", '<= date("2026-02-28")', '>= date("2026-03-01")', False, False),
        ("date", '< date("2026-02-28")', '>= date("2026-03-01")', False, True),
        ("date", '<= date("9999-12-31")', "null", False, False),
        ("date", '>= date("0001-01-01")', "null", False, False),
        ("string", '"a"', 'not("a")', False, False),
        ("string", '"a"', '"b"', False, True),
        ("string", '< "a"', '>= "a"', False, False),
        ("string", '""', '> ""', False, False),
        ("boolean", "true", "false", False, False),
        ("boolean", "true", "true", True, True),
        ("boolean", "true", "-", True, False),
        ("number", "-9007199254740991", "not(-9007199254740991)", False, False),
    ],
)
def test_neighbours(kind: str, first: str, second: str, overlap: bool, gap: bool) -> None:
    found = problems([column("a", kind)], [(first,), (second,)], outputs=OUT)
    assert ("overlap" in kinds(found), "gap" in kinds(found)) == (overlap, gap)
    assert set(kinds(found)) <= {"overlap", "gap"}


def test_a_date_range_that_no_day_can_meet_is_dead() -> None:
    found = problems([column("a", "date")], [('< date("0001-01-01")',), ('>= date("0001-01-01")',)], outputs=OUT)
    assert [(problem.kind, problem.elements) for problem in found] == [("never_hits", ("r1",))]


def test_a_gap_shows_an_input_that_no_rule_takes() -> None:
    inputs = [column("area", "number"), column("raw", "boolean")]
    (found,) = problems(inputs, [("<= 5", "-"), ("> 6", "-"), ("(5..6]", "true")], outputs=OUT)
    assert (found.kind, found.elements) == ("gap", ())
    assert found.example in ({"area": 5.5, "raw": False}, {"area": 6, "raw": False})
    assert str(found).startswith("No rule hits when area is ")


def test_there_is_no_gap_where_nothing_is_an_answer() -> None:
    assert kinds(problems([column("a")], [("5",)], outputs=OUT)) == ["gap"]
    assert problems([column("a")], [("5",)], "COLLECT", OUT) == []
    assert problems([column("a")], [("5",)], outputs=ANSWERED) == []
    assert problems([column("a")], [("5",), ("-",)], "FIRST", OUT) == []
    assert problems([column("a", allowed="5")], [("5",)], outputs=OUT) == []


def test_a_missing_value_is_a_gap_only_where_the_column_names_null() -> None:
    assert problems([column("a", "boolean")], [("true",), ("false",)], outputs=OUT) == []
    assert problems([column("a", "boolean")], [("true, null",), ("false",)], outputs=OUT) == []
    inputs = [column("a", "boolean"), column("b", "boolean")]
    (found,) = problems(inputs, [("true", "-"), ("false", "-"), ("null", "true")], outputs=OUT)
    assert (found.kind, found.example) == ("gap", {"a": None, "b": False})
    assert "a is missing" in str(found)


def test_a_missing_value_counts_for_overlaps() -> None:
    (found,) = problems([column("a")], [("null",), ('not("x")',)])
    assert (found.kind, found.example) == ("overlap", {"a": None})


@pytest.mark.parametrize(
    ("rules", "dead"),
    [
        ([("< 5",), ("3",)], ["r2"]),
        ([("< 5",), (">= 5",), ("7",)], ["r3"]),
        ([("< 5",), (">= 5",), ("null",), ("-",)], ["r4"]),
        ([("< 5",), (">= 5",), ("-",)], []),  # a missing value still gets there
        ([("-",), ("1",), ("2",)], ["r2", "r3"]),
        ([("3",), ("< 5",)], []),
    ],
)
def test_first_rules_hide_later_ones(rules: list[tuple[str, ...]], dead: list[str]) -> None:
    found = problems([column("a", "number")], rules, "FIRST")
    assert [(problem.kind, *problem.elements) for problem in found] == [("never_hits", rule) for rule in dead]
    assert all("the rules before it take everything" in str(problem) for problem in found)


@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST", "COLLECT"])
def test_a_rule_against_the_allowed_values_is_dead(policy: str) -> None:
    (found,) = problems([column("a", allowed='"x","y"')], [('"x"',), ('"z"',), ('"y"',)], policy, OUT)
    assert (found.kind, found.elements) == ("never_hits", ("r2",))
    assert "allowed values" in str(found)


def test_results_outside_the_allowed_values() -> None:
    outputs = [column("o", "string", allowed='"high","low"', default='"none"')]
    table = read([column("a")], outputs, [("1", '"high"'), ("2", '"hi"'), ("3", "null"), ("4", f"{CEL}x")])
    found = find_problems(table)
    assert [(problem.kind, problem.elements) for problem in found] == [
        ("output_not_allowed", ("r2", "o1")),
        ("output_not_allowed", ("o1", "o1")),
    ]
    assert '"hi" is outside' in str(found[0])


def test_unknown_paths_are_found_wherever_something_is_read() -> None:
    known = frozenset({"a", "rows[]", "rows[].n"})
    outputs = [column("o", default=f"{CEL}nowhere.default")]
    sound = read(
        [column("a"), column(f"{CEL}size(rows)")],
        ANSWERED,
        [("1", f"{CEL}input > a || 2 in input", f"{CEL}a")],
        "FIRST",
    )
    wrong = read(
        [column("a.b"), column(f"{CEL}size(lines)")], outputs, [("1", f"{CEL}input > c", f"{CEL}d + rows.n")], "FIRST"
    )
    assert find_problems(sound, known) == []
    assert [problem.elements for problem in find_problems(wrong, known) if problem.kind == "unknown_path"] == [
        ("i1",),
        ("i2",),
        ("r1",),
        ("r1",),
        ("o1",),
    ]
    assert "unknown_path" not in kinds(find_problems(wrong))


def test_what_depends_on_cel_is_undecided() -> None:
    (found,) = problems([column("a")], [(f"{CEL}input > b",), (f"{CEL}input < b",)])
    assert (found.kind, found.elements, found.blocking) == ("undecided", ("r1", "r2"), True)
    (gap,) = problems([column("a")], [(f"{CEL}input > b",)], outputs=OUT)
    assert (gap.kind, gap.elements, gap.blocking) == ("undecided", (), True)


def test_cel_matters_only_where_the_other_columns_leave_the_question_open() -> None:
    inputs = [column("a"), column("kind", allowed='"x","y"')]
    assert problems(inputs, [(f"{CEL}input > b", '"x"'), (f"{CEL}input < b", '"y"')]) == []
    assert problems([column("a")], [(f"{CEL}input > b",), ("-",)], "FIRST", OUT) == []
    (found,) = problems([column("a", "number")], [("> 5",), (f"{CEL}input > b",)], outputs=OUT)[:1]
    assert found.kind == "undecided"


def test_a_rule_in_cel_may_be_hidden_but_hides_nothing() -> None:
    assert kinds(problems([column("a")], [(f"{CEL}input > b",), ("5",)], "FIRST")) == []
    assert kinds(problems([column("a")], [("-",), (f"{CEL}input > b",)], "FIRST")) == ["never_hits"]


@pytest.mark.parametrize(("one", "other"), [("a", "a"), ("a.b", f"{CEL}a.b * 2"), (f"{CEL}size(a)", "a.b")])
def test_columns_that_read_the_same_data_prove_no_problem(one: str, other: str) -> None:
    # That r1 and r2 overlap when the one is 1 and the other 2 says nothing: they may never be so.
    found = problems([column(one, "number"), column(other, "number")], [("1", "-"), ("-", "2")], outputs=OUT)
    assert kinds(found) == ["undecided", "undecided"]


def test_what_is_proven_for_columns_that_read_the_same_data_holds() -> None:
    assert problems([column("a", "number"), column("a", "number")], [("< 5", "-"), (">= 5", "-")], outputs=OUT) == []


def test_beyond_the_bound_a_question_is_undecided() -> None:
    inputs = [column(name, "boolean") for name in "abcdefgh"]
    rules = [tuple("true" if place == index else "-" for place in range(8)) for index in range(8)]
    rules = [*rules, ("false",) * 8]
    table = read(inputs, OUT, [(*rule, "1") for rule in rules], "FIRST")
    assert find_problems(table) == []
    found = find_problems(table, max_combinations=10)
    assert [(problem.kind, problem.blocking) for problem in found] == [("undecided", True), ("undecided", False)]


def test_what_was_looked_at_once_is_not_looked_at_again() -> None:
    # A rule of its own per column is alive or not when the next is asked: 2**24 ways that lead to the same questions.
    inputs = [*(column(f"c{number}", "boolean") for number in range(25)), column("last", allowed='"x","y"')]
    either = [(*["-"] * 25, '"x"'), (*["-"] * 25, '"y"')]
    passing = [(*["-"] * place, "true", "null", *["-"] * (24 - place)) for place in range(24)]
    assert problems(inputs, [*either, *passing], "FIRST", OUT) == []


def test_a_table_too_large_to_be_split_is_undecided() -> None:
    rules = [(", ".join(str(first * 1_000 + step) for step in range(100)),) for first in range(150)]
    assert kinds(problems([column("a", "number")], rules)) == ["undecided"]


def test_a_large_table_is_proven_within_the_bound() -> None:
    inputs = [column("a", "number"), column("b", "boolean"), column("c", allowed='"x","y"')]
    rules = [(f"[{n}..{n + 1})", raw, kind) for n in range(120) for raw in ("true", "false") for kind in ('"x"', '"y"')]
    inputs[0] = column("a", "number", allowed="[0..120)")
    assert problems(inputs, rules, outputs=OUT) == []
    assert kinds(problems(inputs, rules[:-1], outputs=OUT)) == ["gap"]
    assert kinds(problems(inputs, [*rules, ("[5..6]", "true", '"x"')], outputs=OUT)) == ["overlap", "overlap"]


def _pairs(table: Table) -> set[tuple[int, int]]:
    return {pair for values in table.inputs() for pair in combinations(table.hits(values), 2)}


def _left_out(table: Table) -> bool:
    """Whether some values hit no rule; null counts in a column that names it."""
    naming = [any(rule[index].names_null for rule in table.rules) for index in range(len(table.sorts))]
    return any(
        not table.hits(values)
        for values in table.inputs()
        if all(value is not None or named for value, named in zip(values, naming, strict=True))
    )


def _number(problem: Problem, place: int = 0) -> int:
    return int(problem.elements[place].removeprefix("r"))


def _asked(problem: Problem) -> dict[str, Any]:
    assert problem.example is not None
    return nested(problem.example)


@settings(max_examples=120)
@given(tables())
def test_overlaps_and_gaps_are_those_of_brute_force(table: Table) -> None:
    decision = table.read("UNIQUE")
    found = find_problems(decision)
    overlaps = [problem for problem in found if problem.kind == "overlap"]
    assert {(_number(problem), _number(problem, 1)) for problem in overlaps} == _pairs(table)
    for problem in overlaps:
        with pytest.raises(DecisionError, match="both hit"):
            decide(decision, _asked(problem))
    gaps = [problem for problem in found if problem.kind == "gap"]
    assert bool(gaps) == _left_out(table)
    assert all(decide(decision, _asked(problem)) is None for problem in gaps)
    assert "undecided" not in kinds(found)


@settings(max_examples=120)
@given(tables())
def test_dead_rules_are_those_of_brute_force(table: Table) -> None:
    everything = [table.hits(values) for values in table.inputs()]
    for policy, living in (
        ("FIRST", {hits[0] for hits in everything if hits}),
        ("COLLECT", {number for hits in everything for number in hits}),
    ):
        found = find_problems(table.read(policy))
        dead = [_number(problem) for problem in found if problem.kind == "never_hits"]
        assert len(dead) == len(set(dead))
        assert set(dead) == set(range(1, len(table.rules) + 1)) - living


@settings(max_examples=100)
@given(tables(cel=True))
def test_with_cel_a_verdict_is_right_or_undecided(table: Table) -> None:
    decision = table.read("UNIQUE")
    found = find_problems(decision)
    said = {(_number(problem), _number(problem, 1)) for problem in found if problem.kind == "overlap"}
    unsure = {(_number(p), _number(p, 1)) for p in found if p.kind == "undecided" and p.elements}
    assert said <= _pairs(table) <= said | unsure
    unsure_gap = any(problem.kind == "undecided" and not problem.elements for problem in found)
    assert ("gap" in kinds(found)) <= _left_out(table) <= ("gap" in kinds(found) or unsure_gap)
    for policy in ("FIRST", "COLLECT"):
        dead = {_number(problem) for problem in find_problems(table.read(policy)) if problem.kind == "never_hits"}
        hits = [table.hits(values) for values in table.inputs()]
        living = {one[0] for one in hits if one} if policy == "FIRST" else {n for one in hits for n in one}
        assert not dead & living
