"""Numbers of identity documents and organisations."""

from __future__ import annotations

import contextlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.parties.enums import IdentityKind
from services.parties.identity_numbers import (
    IdentityNumberError,
    birth_date_in,
    check_character,
    check_identity_number,
    check_uscc,
    normalise_identity_number,
)

TODAY = date(2026, 3, 2)
RESIDENT = IdentityKind.RESIDENT_ID
births = st.dates(date(1900, 1, 1), TODAY)
sequences = st.integers(0, 999)
places = st.sampled_from(["110105", "410102", "410182", "410199", "540102", "650105", "710000", "810000", "830000"])


def number_of(place: str, born: date, sequence: int) -> str:
    first_17 = f"{place}{born:%Y%m%d}{sequence:03d}"
    return first_17 + check_character(first_17)


def check(number: str, kind: str = RESIDENT) -> str:
    return check_identity_number(kind, number, today=TODAY)


@given(places, births, sequences)
def test_every_number_made_by_the_rule_is_valid_and_holds_its_birth_date(place, born, sequence):
    number = number_of(place, born, sequence)
    assert check(number) == number
    assert birth_date_in(RESIDENT, number) == born


@given(places, births, sequences, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(place, born, sequence, position, change):
    number = number_of(place, born, sequence)
    wrong = number[:position] + str((int(number[position]) + change) % 10) + number[position + 1 :]
    with pytest.raises(IdentityNumberError):
        check(wrong)


@given(places, births, sequences, st.integers(0, 16))
def test_two_swapped_neighbours_are_always_found(place, born, sequence, position):
    number = number_of(place, born, sequence)
    swapped = number[:position] + number[position + 1] + number[position] + number[position + 2 :]
    if swapped != number:
        with pytest.raises(IdentityNumberError):
            check(swapped)


@given(st.text(max_size=25))
def test_any_text_is_refused_or_brought_to_a_form_that_stays(text):
    for kind in IdentityKind:
        with contextlib.suppress(IdentityNumberError):
            number = check(text, kind)
            assert check(number, kind) == number


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("11010519491231002X", "11010519491231002X"),  # GB 11643's own examples
        ("440524188001010014", "440524188001010014"),
        ("11010519491231002x", "11010519491231002X"),
        (" 110105 19491231 002X ", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("110105-19491231-002X", "11010519491231002X"),
        ("110105491231002", "11010519491231002X"),  # first generation
    ],
)
def test_numbers_are_brought_to_one_form(typed, number):
    assert check(typed) == number


@pytest.mark.parametrize(
    ("number", "part"),
    [
        ("", "18 characters"),
        ("1101051949123100", "18 characters"),
        ("11010519491231002Y", "18 characters"),
        ("一一010519491231002X", "18 characters"),
        ("٤١٠١٠٥١٩٠٣٠٦١٢٠٠٨٥", "18 characters"),  # Arabic-Indic digits
        ("410105190306120086", "swapped"),
        ("410105209912319999", "future"),
        (number_of("410105", TODAY + timedelta(days=1), 1), "future"),
        ("160105190306120085", "province"),
    ],
)
def test_wrong_numbers_are_refused_with_what_to_look_at(number, part):
    with pytest.raises(IdentityNumberError, match=part):
        check(number)


@pytest.mark.parametrize("birth", ["19000229", "19491301", "19490431", "19490000"])
def test_a_birth_date_that_does_not_exist_is_refused_though_the_check_character_is_right(birth):
    first_17 = f"410105{birth}001"
    with pytest.raises(IdentityNumberError, match="does not exist"):
        check(first_17 + check_character(first_17))


def test_somebody_born_today_has_a_number():
    assert check(number_of("410105", TODAY, 1))


def test_counties_that_did_not_exist_at_birth_are_no_reason_to_refuse():
    for place in ("410102", "410182", "410199"):  # python-stdnum's cn.ric refuses or fails on these
        assert check(number_of(place, date(1960, 5, 1), 11))


@pytest.mark.parametrize(
    ("kind", "typed", "number"),
    [
        (IdentityKind.PASSPORT, "p0000001x", "P0000001X"),
        (IdentityKind.PASSPORT, "123456789", "123456789"),
        (IdentityKind.HK_MACAO_PERMIT, "h12345678", "H12345678"),
        (IdentityKind.HK_MACAO_PERMIT, "M1234567801", "M1234567801"),
        (IdentityKind.TAIWAN_PERMIT, "1234 5678", "12345678"),
        (IdentityKind.TAIWAN_PERMIT, "1234567801b", "1234567801B"),
        (IdentityKind.PERMANENT_RESIDENT, "911124198108030024", "911124198108030024"),
        (IdentityKind.PERMANENT_RESIDENT, "can110078121001", "CAN110078121001"),
        (IdentityKind.HKMT_RESIDENCE, number_of("810000", date(1980, 1, 2), 1), None),
        (IdentityKind.MILITARY_ID, "军字第2001988号", "军字第2001988号"),
    ],
)
def test_other_documents_have_their_own_forms(kind, typed, number):
    assert check(typed, kind) == (number or typed)


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (IdentityKind.PASSPORT, "1234"),
        (IdentityKind.PASSPORT, "PASSPORT"),
        (IdentityKind.PASSPORT, "李雯123456"),
        (IdentityKind.HK_MACAO_PERMIT, "A12345678"),
        (IdentityKind.HK_MACAO_PERMIT, "H1234567"),
        (IdentityKind.TAIWAN_PERMIT, "1234567"),
        (IdentityKind.PERMANENT_RESIDENT, "911124198108030025"),
        (IdentityKind.PERMANENT_RESIDENT, "911124209908030024"),
        (IdentityKind.PERMANENT_RESIDENT, "CA110078121001"),
        (IdentityKind.HKMT_RESIDENCE, number_of("410105", date(1980, 1, 2), 1)),
        (IdentityKind.HKMT_RESIDENCE, "810000198001020010"),
        (IdentityKind.MILITARY_ID, "abc"),
    ],
)
def test_other_documents_wrong_numbers_are_refused(kind, typed):
    with pytest.raises(IdentityNumberError):
        check(typed, kind)


def test_only_numbers_that_hold_a_birth_date_tell_one():
    assert birth_date_in(IdentityKind.PERMANENT_RESIDENT, "911124198108030024") == date(1981, 8, 3)
    assert birth_date_in(IdentityKind.PASSPORT, "410105190306120085") is None
    assert birth_date_in(RESIDENT, "P0000001X") is None


def test_an_unknown_kind_is_a_programming_error():
    with pytest.raises(ValueError, match="99"):
        check("12345678", "99")


def test_only_first_generation_resident_numbers_are_lengthened():
    assert normalise_identity_number(IdentityKind.PASSPORT, "110105491231002") == "110105491231002"


@pytest.mark.parametrize(
    "code", ["91410100MA0000007G", " 9141 0100 ma00 0000 7g ", "９１４１０１００ＭＡ００００００７Ｇ"]
)
def test_codes_of_credit_are_brought_to_one_form(code):
    assert check_uscc(code) == "91410100MA0000007G"


@pytest.mark.parametrize(
    "code", ["", "91410100MA0000007H", "91410100MA0000007", "91410100IA0000007G", "9141010OMA0000007G"]
)
def test_wrong_codes_of_credit_are_refused(code):
    with pytest.raises(IdentityNumberError, match="unified social credit code"):
        check_uscc(code)
