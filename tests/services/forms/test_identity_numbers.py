"""GB 11643 numbers, and agreement with the people who store them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forms.identity_numbers import KINDS, birth_date, check_character, fault, normal_form
from services.parties import identity_numbers as stored

TODAY = date(2026, 9, 1)


def number(first_17: str) -> str:
    return first_17 + check_character(first_17)


@pytest.mark.parametrize(
    "valid",
    [
        "11010519491231002X",
        number("41010219800101001"),
        number("41018219900101001"),
        number("41019919900101001"),
        number("81000019900101001"),
        number("41010220000229001"),
        number("41010220260901001"),
    ],
)
def test_valid_numbers_of_old_and_new_places(valid: str) -> None:
    assert fault("31", valid, today=TODAY) is None


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("110105194912310021", "wrong or two are swapped"),
        ("11010519491213002X", "wrong or two are swapped"),
        (number("41010219800230001"), "does not exist"),
        (number("41010220260902001"), "in the future"),
        (number("19010219800101001"), "no province"),
        ("4101021980010100", "18 characters"),
        ("", "18 characters"),
    ],
)
def test_wrong_numbers_are_told_apart(wrong: str, sentence: str) -> None:
    message = fault("31", wrong, today=TODAY)
    assert message is not None
    assert sentence in message.en


def test_a_first_generation_number_becomes_18_digits() -> None:
    assert normal_form("31", "110105491231002") == "11010519491231002X"


def test_birth_date() -> None:
    assert birth_date("31", "11010519491231002X") == date(1949, 12, 31)
    assert birth_date("33", "E12345678") is None
    assert birth_date("31", "11010519491331002X") is None


@given(
    st.sampled_from(sorted(KINDS)),
    st.from_regex(r"[0-9HMXE军第号 \-]{0,20}|[0-9]{17}[0-9X]|[HM][0-9]{8}", fullmatch=True),
)
def test_agrees_with_the_parties(kind: str, typed: str) -> None:
    normal = normal_form(kind, typed)
    assert normal == stored.normalise_identity_number(kind, typed)
    try:
        stored.check_identity_number(kind, typed, today=TODAY)
    except stored.IdentityNumberError:
        assert fault(kind, normal, today=TODAY) is not None
    else:
        assert fault(kind, normal, today=TODAY) is None


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.integers(0, 999), st.sampled_from(["410102", "410182", "659001"])
)
def test_agrees_with_the_parties_on_well_formed_numbers(born: date, serial: int, place: str) -> None:
    test_agrees_with_the_parties.hypothesis.inner_test("31", number(f"{place}{born:%Y%m%d}{serial:03}"))


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(place: int, difference: int) -> None:
    right = number("41010219800101001")
    changed = str((int(right[place]) + difference) % 10)
    assert fault("31", right[:place] + changed + right[place + 1 :], today=TODAY) is not None
