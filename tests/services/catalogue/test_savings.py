"""What once saves: counted by hand, and properties that hold for whatever services there are."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.savings import Saving, Savings, ServiceEffort, Why, savings_of

CODES = [f"e{number}" for number in range(6)]


def effort(
    key: str,
    *,
    days: int | Fraction,
    after: tuple[str, ...] = (),
    visits: int = 0,
    spot: bool = False,
    fields: Mapping[str, int] | None = None,
) -> ServiceEffort:
    return ServiceEffort(
        key=key,
        fields={"person.name": 1, f"{key}.own": 1} if fields is None else fields,
        gives=frozenset({"b.own"}) if key == "a" else frozenset(),
        documents=frozenset({"licence", f"{key}-form", f"{key}-plan"}),
        submitted=frozenset({f"{key}-plan"}),
        made=frozenset({f"{key}-form"}),
        on_the_spot=spot,
        visits=visits,
        days=Fraction(days),
        after=after,
    )


def test_each_field_document_and_day_counts_once_and_what_a_service_gives_is_not_asked() -> None:
    saved = savings_of([effort("a", days=1), effort("b", days=5, after=("a",)), effort("c", days=8, after=("a",))])

    assert (saved.applications.separately, saved.applications.once) == (3, 1)
    assert (saved.fields.separately, saved.fields.once, saved.fields.saved) == (6, 3, 3)
    assert (saved.documents.separately, saved.documents.once) == (9, 3)
    assert (saved.visits.separately, saved.visits.once) == (6, 0)
    assert (saved.days.separately, saved.days.once, saved.longest) == (14, 9, ("a", "c"))


def test_the_sum_says_who_asks_what_and_why_it_is_asked_less() -> None:
    saved = savings_of([effort("a", days=1), effort("b", days=5, after=("a",))])

    fields = {item.code: (item.asked_by, item.why) for item in saved.field_items}
    assert fields == {
        "person.name": (("a", "b"), Why.SHARED),
        "b.own": (("b",), Why.GIVEN),
        "a.own": (("a",), Why.SAME),
    }
    documents = {item.code: item.why for item in saved.document_items}
    assert documents == {
        "licence": Why.FETCHED,
        "a-form": Why.MADE,
        "b-form": Why.MADE,
        "a-plan": Why.SAME,
        "b-plan": Why.SAME,
    }


def test_a_group_counts_the_fields_of_a_row_and_the_bundles_own_fields_count_here() -> None:
    saved = savings_of([effort("c", days=1, fields={"staff": 4})], {"staff": 4, "shop.name": 1})

    assert (saved.fields.separately, saved.fields.once, saved.own_fields) == (4, 5, 1)


def test_on_the_spot_needs_one_visit_and_a_needed_visit_stays() -> None:
    saved = savings_of([effort("a", days=0, spot=True), effort("b", days=3, visits=1)])

    assert (saved.visits.separately, saved.visits.once) == (3, 1)


def test_a_part_of_a_day_is_a_day() -> None:
    assert savings_of([effort("a", days=Fraction(1, 2))]).days.once == 1


def test_nothing_saves_nothing() -> None:
    saved = savings_of([])

    assert [one.separately for one in _all(saved)] == [0, 0, 0, 0, 0]


@st.composite
def _services(draw: st.DrawFn) -> list[ServiceEffort]:
    every = []
    for number in range(draw(st.integers(0, 6))):
        documents = draw(st.frozensets(st.sampled_from(CODES)))
        submitted = draw(st.frozensets(st.sampled_from(sorted(documents)))) if documents else frozenset()
        earlier = [f"s{one}" for one in range(number)]
        every.append(
            ServiceEffort(
                key=f"s{number}",
                fields=draw(st.dictionaries(st.sampled_from(CODES), st.integers(1, 5))),
                gives=draw(st.frozensets(st.sampled_from(CODES), max_size=2)),
                documents=documents,
                submitted=submitted,
                on_the_spot=draw(st.booleans()),
                visits=draw(st.integers(0, 4)),
                days=draw(st.fractions(0, 60, max_denominator=30)),
                after=tuple(draw(st.lists(st.sampled_from([*earlier, "another"]), unique=True))),
            )
        )
    return draw(st.permutations(every))


@given(_services())
def test_once_is_never_more_than_separately_and_the_sums_add_up(services: list[ServiceEffort]) -> None:
    saved = savings_of(services)

    assert all(0 <= one.once <= one.separately for one in _all(saved))
    for items, total in ((saved.field_items, saved.fields), (saved.document_items, saved.documents)):
        assert total == Saving(separately=sum(i.separately for i in items), once=sum(i.once for i in items))
        assert all(item.once <= item.separately and item.asked_by for item in items)
    asked = {code for one in services for code in one.fields} - {code for one in services for code in one.gives}
    assert {item.code for item in saved.field_items if item.once} == asked
    handed_in = {code for one in services for code in one.submitted}
    assert {item.code for item in saved.document_items if item.once} == handed_in


@given(_services())
def test_the_longest_chain_is_a_chain_and_no_other_is_longer(services: list[ServiceEffort]) -> None:
    by_key = {one.key: one for one in services}
    longest = savings_of(services).longest

    assert all(before in by_key[key].after for before, key in itertools.pairwise(longest))
    days = sum((by_key[key].days for key in longest), Fraction(0))
    assert days == max((_days_up_to(one, by_key) for one in services), default=0)


def _days_up_to(one: ServiceEffort, by_key: Mapping[str, ServiceEffort]) -> Fraction:
    before = [_days_up_to(by_key[key], by_key) for key in one.after if key in by_key]
    return one.days + max(before, default=Fraction(0))


@given(_services(), st.randoms())
def test_the_order_of_the_services_does_not_matter(services: list[ServiceEffort], rng: object) -> None:
    shuffled = list(services)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]

    assert _all(savings_of(shuffled)) == _all(savings_of(services))


def _all(saved: Savings) -> list[Saving]:
    return [saved.applications, saved.fields, saved.documents, saved.visits, saved.days]
