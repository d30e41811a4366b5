"""What once saves, counted by hand."""

from fractions import Fraction

from services.catalogue.savings import ServiceEffort, savings_of


def effort(key: str, *, days: int, after: tuple[str, ...] = (), visits: int = 0, spot: bool = False) -> ServiceEffort:
    return ServiceEffort(
        key=key,
        fields=frozenset({"person.name", f"{key}.own"}),
        gives=frozenset({"b.own"}) if key == "a" else frozenset(),
        documents=frozenset({"licence", f"{key}-form"}),
        submitted=frozenset({f"{key}-form"}),
        on_the_spot=spot,
        visits=visits,
        days=Fraction(days),
        after=after,
    )


def test_each_field_document_and_day_counts_once_and_what_a_service_gives_is_not_asked() -> None:
    saved = savings_of([effort("a", days=1), effort("b", days=5, after=("a",)), effort("c", days=8, after=("a",))])

    assert (saved.fields.separately, saved.fields.once, saved.fields.saved) == (6, 3, 3)
    assert (saved.documents.separately, saved.documents.once) == (6, 3)
    assert (saved.visits.separately, saved.visits.once) == (6, 0)
    assert (saved.days.separately, saved.days.once) == (14, 9)


def test_on_the_spot_needs_one_visit_and_a_needed_visit_stays() -> None:
    saved = savings_of([effort("a", days=0, spot=True), effort("b", days=3, visits=1)])

    assert (saved.visits.separately, saved.visits.once) == (3, 1)


def test_a_part_of_a_day_is_a_day() -> None:
    half = ServiceEffort(
        key="a",
        fields=frozenset(),
        gives=frozenset(),
        documents=frozenset(),
        submitted=frozenset(),
        on_the_spot=False,
        visits=0,
        days=Fraction(1, 2),
        after=(),
    )

    assert savings_of([half]).days.once == 1


def test_nothing_saves_nothing() -> None:
    saved = savings_of([])

    assert [one.separately for one in (saved.fields, saved.documents, saved.visits, saved.days)] == [0, 0, 0, 0]
