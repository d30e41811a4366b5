"""Names and mobile numbers."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from services.parties.contact import check_mobile, check_person_name

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF) | st.characters(
    min_codepoint=0x20000, max_codepoint=0x323AF
)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("李雯", "李雯"),
        ("  李雯 ", "李雯"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽．买买提", "阿依古丽·买买提"),
        ("Anna  Maria O'Neill-Smith", "Anna Maria O'Neill-Smith"),
        ("José Núñez", "José Núñez"),
        ("𬭊𰻝", "𬭊𰻝"),  # beyond the basic plane
        ("\U000323a0", "\U000323a0"),
        ("\ue863", "\ue863"),  # GB 18030-2005 kept some characters in the private area
        ("\ufa0e", "\ufa0e"),  # not replaced by a look-alike
        ("买" * 49 + "·提", "买" * 49 + "·提"),
        ("བསྟན་འཛིན", "བསྟན་འཛིན"),
    ],
)
def test_names_as_they_stand_on_documents(typed, name):
    assert check_person_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "name_missing"),
        ("   ", "name_missing"),
        ("李雯1", "name_signs"),
        ("<b>李雯</b>", "name_signs"),
        ("···", "name_signs"),
        ("李\u200b雯", "name_signs"),
        ("李雯😀", "name_signs"),
        ("李\x00雯", "name_signs"),
        ("李" * 101, "name_too_long"),
    ],
)
def test_what_is_no_name(typed, code):
    with pytest.raises(ValidationError) as caught:
        check_person_name(typed)
    assert caught.value.code == code


@given(st.text(HAN, min_size=1, max_size=100))
def test_every_han_character_is_taken_and_kept(name):
    assert check_person_name(name) == name


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("19900000001", "19900000001"),
        ("199 0000 0001", "19900000001"),
        ("+86 199-0000-0001", "19900000001"),
        ("008619900000001", "19900000001"),
        ("１９９００００００01", "19900000001"),
        ("+44 (7700) 900001", "+447700900001"),
    ],
)
def test_mobiles_are_brought_to_one_form(typed, number):
    assert check_mobile(typed) == number


@pytest.mark.parametrize(
    "typed", ["", "1234567", "12900000001", "+8612345678901", "+0123456789", "0371-12345678", "abc"]
)
def test_what_is_no_mobile(typed):
    with pytest.raises(ValidationError):
        check_mobile(typed)
