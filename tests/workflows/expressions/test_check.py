"""What a designer may write, and the sentence for what she may not."""

import pytest

from workflows.expressions import ExpressionError, check_expression

KNOWN = frozenset(
    {
        "premises.area",
        "premises.address",
        "answers.has_licence",
        "answers.organisation_kind",
        "answers.food_items[]",
        "company.shareholders[].share",
        "company.shareholders[].name",
    }
)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("premises.area > 300.0", {"premises.area"}),
        ("answers.has_licence == true && premises.area > 300", {"answers.has_licence", "premises.area"}),
        ("answers['has_licence']", {"answers.has_licence"}),
        ("'cold' in answers.food_items", {"answers.food_items"}),
        ("size(answers.food_items) > 1", {"answers.food_items"}),
        ("answers.food_items.exists(f, f == 'cold')", {"answers.food_items"}),
        (
            "company.shareholders.exists(s, s.share > 50.0)",
            {"company.shareholders", "company.shareholders.share"},
        ),
        (
            "company.shareholders.filter(s, s.share > 5).exists(s, s.name == '李敏')",
            {"company.shareholders", "company.shareholders.share", "company.shareholders.name"},
        ),
        ("has(premises.address) ? 1 : 2", {"premises.address"}),
        ("true", set()),
    ],
)
def test_lists_every_full_path(text: str, paths: set[str]) -> None:
    assert check_expression(text, KNOWN) == paths


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "empty"),
        ("premises.area >", "not valid CEL"),
        ("premises.area > 300 \x00", "not valid CEL at line 1, column 21"),
        ("premises.aera > 300", "Nothing here is called premises.aera"),
        ("premises > 300", "Nothing here is called premises"),
        ("premises.area.deep > 300", "Nothing here is called premises.area.deep"),
        ("company.shareholders.share > 5", "Nothing here is called company.shareholders.share"),
        ("company.shareholders.exists(s, s.shar > 5)", r"Nothing here is called company.shareholders\[\].shar"),
        ("身份 == 1", "not valid CEL"),
        ("size(premises.address) > 3", "premises.address is not a list"),
        ("premises.address.size() > 3", "premises.address is not a list"),
        ("size('身份证') > 3", "length of a text"),
        ("'a' in premises.address", "premises.address is not a list"),
        ("company.shareholders.exists(s, answers.food_items.exists(f, true))", "may not stand inside another"),
        ("answers.food_items.map(f, [1].map(g, g))", "may not stand inside another"),
        ("company.shareholders[0].share > 1", r"Only names may stand in \[ \]"),
        ("company.shareholders.map(s, s.share).exists(x, x.y > 1)", "not certain what x.y reads"),
        ("company.shareholders.exists(s.share, true)", "is the name of its row"),
        ("(true ? premises : answers).area > 1", "not certain what .area belongs to"),
        ("premises.address.matches('(a+)+$')", "no function .matches"),
        ("timestamp('2026-01-01T00:00:00Z') == 1", "no function timestamp"),
        ("has('x')", r"has\(…\) takes a path"),
        ("premises.area % 2 == 0", "remainder"),
        ("('a' + 'b').exists(x, true)", "walks through a list"),
        ("{'a': 1} == 1", "Maps"),
        ("x{a: 1} == 1", "Maps"),
        (".premises.area > 1", "not certain|Maps"),
        ("1u == 1", "may not be written as 1u"),
        ("b'a' == 1", "may not be written as b"),
        ("r'a' == 'a'", "may not be written as r"),
        ("'''a''' == 'a'", "may not be written as"),
        ("'\\ud800' == 'a'", "no character"),
        ("'\\q' == 'a'", "unknown"),
        ("99999999999999999999 > 1", "too large"),
        ("1e999 > 1", "too large"),
        ("premises.in > 1", "not valid CEL"),
        ("true || " * 200 + "true", "1607? characters|characters; at most 1000"),
    ],
)
def test_refuses_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ExpressionError, match=sentence):
        check_expression(text, KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 490 + "1" + ")" * 490,
        "!" * 900 + "true",
        "-" + " -" * 450 + "1",
        "[" * 480 + "]" * 480,
        "true?1:" * 140 + "1",
        "a" + ".a" * 450,
        "a" + "['a']" * 190,
        "size(" * 190 + "1" + ")" * 190,
    ],
)
def test_refuses_depth_without_crashing(text: str) -> None:
    with pytest.raises(ExpressionError):
        check_expression(text, frozenset({"a"}))


def test_refuses_what_grows_beyond_measure_when_guarded() -> None:
    text = "premises.area"
    for _ in range(9):
        text = f"({text}>1?1:2)"
    with pytest.raises(ExpressionError, match="too complicated"):
        check_expression(f"{text} > 1", KNOWN)


def test_long_chains_are_flat() -> None:
    assert check_expression("1+" * 400 + "1 == 401", frozenset()) == frozenset()
    assert check_expression(" || ".join(["true"] * 120), frozenset()) == frozenset()
