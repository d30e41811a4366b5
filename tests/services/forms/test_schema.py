"""Forms and their union."""

import dataclasses
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forms.definitions import read_schema, write_schema
from services.forms.schema import (
    Ask,
    Element,
    FormSchema,
    Rule,
    SchemaError,
    Section,
    Use,
    arranged,
    check_schema,
    known_paths,
    merge,
    visibility_order,
)
from services.forms.words import Words

SECTIONS = tuple(Section(key, Words(key, key), (), order) for order, key in enumerate(["one", "two", "three"]))
ELEMENTS = [
    Element(code=f"e.n{n}", type="text", label=Words(f"项{n}", f"Item {n}"), section=SECTIONS[n % 3].key, order=n)
    for n in range(9)
]
CONDITIONS = ["", "answers.a", "answers.b == 'x'", "e.n0 == 'y'"]


def schema(*uses: Use, rules: tuple[Rule, ...] = ()) -> FormSchema:
    return arranged(SECTIONS, uses, rules)


def codes(form: FormSchema) -> list[str]:
    return [use.element.code for use in form.uses]


_asks = st.builds(Ask, st.sampled_from(["s1", "s2", "s3"]), st.booleans(), st.sampled_from(CONDITIONS))
_rules = st.lists(
    st.builds(Rule, st.sampled_from(["e.n1 != e.n2", "e.n3 == 'x'"]), st.just(Words("改", "Fix.")), st.just("e.n1")),
    max_size=2,
)
_forms = st.builds(
    lambda asks, rules: schema(*(Use(ELEMENTS[n], (ask,)) for n, ask in asks.items()), rules=tuple(rules)),
    st.dictionaries(st.integers(0, 8), _asks, max_size=9),
    _rules,
)


@given(st.lists(_forms, max_size=4))
def test_every_element_is_asked_once(forms: list[FormSchema]) -> None:
    merged = merge(forms)
    assert len(codes(merged)) == len(set(codes(merged)))
    assert set(codes(merged)) == {code for form in forms for code in codes(form)}
    for use in merged.uses:
        asks = {ask for form in forms for one in form.uses if one.element == use.element for ask in one.asks}
        assert set(use.asks) == asks
        assert use.required == any(ask.required for ask in asks)


@given(st.lists(_forms, max_size=4), st.randoms())
def test_the_order_of_services_does_not_matter(forms: list[FormSchema], random: object) -> None:
    shuffled = list(forms)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge(shuffled) == merge(forms)


@given(_forms, _forms, _forms)
def test_merging_in_steps_is_merging_at_once(a: FormSchema, b: FormSchema, c: FormSchema) -> None:
    assert merge([merge([a, b]), c]) == merge([a, merge([b, c])]) == merge([a, b, c])
    assert merge([a, a]) == merge([a])


@given(_forms)
def test_elements_stand_in_the_dictionary_s_order(form: FormSchema) -> None:
    for section in merge([form]).sections:
        orders = [use.element.order for use in section.uses]
        assert orders == sorted(orders)
        assert orders


@given(_forms)
def test_a_form_survives_being_stored(form: FormSchema) -> None:
    assert read_schema(json.loads(json.dumps(write_schema(form)))) == form


def test_conditions_are_ored_and_always_wins() -> None:
    first, second = (
        Use(ELEMENTS[1], (Ask("s1", True, "answers.a"),)),
        Use(ELEMENTS[1], (Ask("s2", False, "answers.b"),)),
    )
    both = merge([schema(first), schema(second)]).use("e.n1")
    assert both.visible_if == "(answers.a) || (answers.b)"
    assert both.conditions == {"answers.a", "answers.b"}
    assert both.services == ("s1", "s2")
    always = merge([schema(first), schema(Use(ELEMENTS[1], (Ask("s3", False),)))]).use("e.n1")
    assert always.visible_if == ""
    assert always.conditions == frozenset()


def test_one_code_with_two_meanings_is_refused() -> None:
    other = dataclasses.replace(ELEMENTS[1], type="date")
    with pytest.raises(SchemaError, match=r"e\.n1 is defined twice"):
        merge([schema(Use(ELEMENTS[1], (Ask(),))), schema(Use(other, (Ask(),)))])


def test_an_unknown_section_is_refused() -> None:
    with pytest.raises(SchemaError, match="No section is called nowhere"):
        schema(Use(dataclasses.replace(ELEMENTS[1], section="nowhere"), (Ask(),)))


def test_known_paths_mark_lists() -> None:
    rows = Element(code="e.rows", type="group", label=Words("行", "Rows"), section="one", fields=(ELEMENTS[0],))
    boxes = Element(code="e.boxes", type="multi_choice", label=Words("选", "Boxes"), section="one")
    form = schema(Use(rows, (Ask(),)), Use(boxes, (Ask(),)), Use(ELEMENTS[1], (Ask(),)))
    assert known_paths(form, ["answers.a"]) == {"e.rows[].e.n0", "e.boxes[]", "e.n1", "answers.a", "today"}


def test_wrong_conditions_are_named() -> None:
    rule = Rule("e.n1 > e.gone", Words("改", "Fix."), "e.n9")
    form = schema(
        Use(ELEMENTS[1], (Ask("s", True, "answers.typo"),)), Use(ELEMENTS[2], (Ask("s", True, "(("),)), rules=(rule,)
    )
    problems = check_schema(form, ["answers.a"])
    assert problems == [
        "e.n1: Nothing here is called answers.typo.",
        "e.n2: The expression is not valid CEL at line 1, column 2.",
        "rule of e.n9: Nothing here is called e.gone.",
        "rule of e.n9: the form does not ask this element.",
    ]


def test_elements_that_decide_in_a_circle_are_refused() -> None:
    form = schema(Use(ELEMENTS[1], (Ask("s", True, "e.n2 == 'x'"),)), Use(ELEMENTS[2], (Ask("s", True, "has(e.n1)"),)))
    (problem,) = check_schema(form)
    assert re.fullmatch(
        r"These elements decide about each other in a circle: (e\.n1, e\.n2, e\.n1|e\.n2, e\.n1, e\.n2)\.", problem
    )
    with pytest.raises(SchemaError, match="circle"):
        visibility_order(form)


def test_missing_parts_are_key_errors() -> None:
    with pytest.raises(KeyError):
        schema().use("e.n1")
    with pytest.raises(KeyError):
        schema().section("one")
