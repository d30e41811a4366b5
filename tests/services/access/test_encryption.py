"""Encrypted columns and blind indexes."""

from __future__ import annotations

import base64
import io
import os
from typing import Any

import pytest
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, models
from hypothesis import given
from hypothesis import strategies as st

from services.access.apps import check_keys
from services.access.encryption import (
    DecryptionError,
    EncryptedJSONField,
    EncryptedTextField,
    blind_index,
    blind_indexes,
    decrypt,
    encrypt,
    key_id_of,
    read_keyring,
)
from services.parties.models import Person
from tests.factories.parties import PersonFactory


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def ring(active: str, keys: dict[str, str], index: str = "", **others: Any) -> dict[str, Any]:
    return {"active": active, "keys": keys, "index": index or key(), **others}


@given(st.binary(max_size=500), st.text(max_size=20))
def test_what_is_encrypted_opens_again(plain, row):
    assert decrypt(encrypt(plain, column="t|c", row=row), column="t|c", row=row) == plain


def test_a_value_names_algorithm_and_key_and_never_looks_the_same_twice():
    first, second = (encrypt(b"secret", column="t|c") for _ in range(2))
    assert first != second
    assert first[0] == 1
    assert key_id_of(first) == read_keyring().active
    assert b"secret" not in first
    assert len(first) == 1 + 2 + 12 + len(b"secret") + 16


@pytest.mark.parametrize(("column", "row"), [("t|other", "r"), ("other|c", "r"), ("t|c", "s"), ("t|c|r", "")])
def test_a_moved_value_does_not_open(column, row):
    stored = encrypt(b"secret", column="t|c", row="r")
    with pytest.raises(DecryptionError, match="altered or moved"):
        decrypt(stored, column=column, row=row)


@pytest.mark.parametrize("position", range(0, 40))
def test_a_value_with_one_changed_bit_does_not_open(position):
    stored = bytearray(encrypt(b"a secret", column="t|c"))
    stored[position % len(stored)] ^= 1
    with pytest.raises(DecryptionError):
        decrypt(bytes(stored), column="t|c")


@pytest.mark.parametrize("stored", [b"", b"\x01", b"\x01\x00\x01short", b"\x02\x00\x01" + bytes(40)])
def test_what_is_no_value_does_not_open(stored):
    with pytest.raises(DecryptionError):
        decrypt(stored, column="t|c")


def test_an_old_key_still_reads_and_the_new_one_writes(settings):
    old, new = key(), key()
    settings.FIELD_KEYS = ring("1", {"1": old})
    stored = encrypt(b"secret", column="t|c")
    settings.FIELD_KEYS = ring("2", {"1": old, "2": new})
    assert decrypt(stored, column="t|c") == b"secret"
    assert key_id_of(encrypt(b"secret", column="t|c")) == 2
    settings.FIELD_KEYS = ring("2", {"2": new})
    with pytest.raises(DecryptionError, match="not configured"):
        decrypt(stored, column="t|c")


def test_a_blind_index_differs_by_field_and_key_and_is_stable(settings):
    old, new = key(), key()
    settings.FIELD_KEYS = ring("1", {"1": key()}, index=old)
    before = blind_index("12345", field="a")
    assert before == blind_index("12345", field="a")
    assert len(before) == 32
    assert before != blind_index("12345", field="b")
    assert before != blind_index("12346", field="a")
    settings.FIELD_KEYS = ring("1", {"1": key()}, index=new, old_indexes=[old])
    assert blind_index("12345", field="a") != before
    assert blind_indexes("12345", field="a") == [blind_index("12345", field="a"), before]


SAME = key()


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        {},
        {"active": "1", "keys": {"1": key()}},
        {"active": "2", "keys": {"1": key()}, "index": key()},
        {"active": "1", "keys": {"1": "c2hvcnQ="}, "index": key()},
        {"active": "1", "keys": {"1": "not base64"}, "index": key()},
        {"active": "0", "keys": {"0": key()}, "index": key()},
        {"active": "70000", "keys": {"70000": key()}, "index": key()},
        {"active": "1", "keys": {"1": SAME}, "index": SAME},
        {"active": "1", "keys": {"1": SAME, "2": SAME}, "index": key()},
    ],
)
def test_wrong_keys_stop_the_start(settings, value):
    settings.FIELD_KEYS = value
    with pytest.raises(ImproperlyConfigured):
        read_keyring()
    assert [error.id for error in check_keys()] == ["access.E001"]


def test_right_keys_pass_and_are_never_shown(settings):
    assert check_keys() == []
    secret = settings.FIELD_KEYS["keys"]["1"]
    assert secret not in repr(read_keyring())
    assert repr(base64.b64decode(secret)) not in repr(read_keyring())


class Note(models.Model):
    """A model of this test only; its table is made by the fixture."""

    text = EncryptedTextField()
    data = EncryptedJSONField(default=dict, null=True)

    class Meta:
        app_label = "access"
        managed = False
        db_table = "test_note"


@pytest.fixture
def note_table(db):
    with connection.cursor() as cursor:
        cursor.execute("create temporary table test_note (id bigserial primary key, text bytea not null, data bytea)")


@given(value=st.text(max_size=60))
def test_text_of_every_kind_survives_its_field(value):
    field = Note._meta.get_field("text")
    stored = field.get_db_prep_save(value, connection)
    assert field.from_db_value(stored, None, connection) == value


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(value=JSON_VALUES.filter(lambda value: value is not None))
def test_json_of_every_kind_survives_its_field(value):
    field = Note._meta.get_field("data")
    assert field.from_db_value(field.get_db_prep_save(value, connection), None, connection) == value


def test_unbound_fields_are_stored_updated_and_read(note_table):
    note = Note.objects.create(text="机密", data={"姓名": "李雯"})
    Note.objects.filter(pk=note.pk).update(text="新机密")
    assert Note.objects.values_list("text", "data").get() == ("新机密", {"姓名": "李雯"})
    note = Note.objects.get()
    note.data["more"] = [1, 2]
    note.save()
    assert Note.objects.get().data == {"姓名": "李雯", "more": [1, 2]}
    Note.objects.update(data=None)
    assert Note.objects.get(data__isnull=True).data is None
    with pytest.raises(ValueError, match="not JSON compliant"):
        Note.objects.update(data=float("nan"))


def test_columns_of_one_row_cannot_be_swapped(note_table):
    Note.objects.create(text="secret", data="other")
    with connection.cursor() as cursor:
        cursor.execute("update test_note set text = data, data = text")
    with pytest.raises(DecryptionError):
        Note.objects.get()


@pytest.mark.parametrize("lookup", ["id_number", "id_number__contains", "id_number__in", "mobile__gt"])
def test_an_encrypted_field_cannot_be_searched(db, lookup):
    with pytest.raises(FieldError, match="encrypted"):
        Person.objects.filter(**{lookup: ["1"] if lookup.endswith("in") else "1"}).exists()


def test_a_bound_value_opens_in_its_own_row_only(db):
    first, second = PersonFactory(), PersonFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            "update parties_person set id_number = (select id_number from parties_person where id = %s) where id = %s",
            [first.pk, second.pk],
        )
    assert Person.objects.get(pk=first.pk).id_number == first.id_number
    with pytest.raises(DecryptionError):
        _ = Person.objects.get(pk=second.pk).id_number


def test_a_bound_value_is_opaque_outside_its_row(db):
    person = PersonFactory()
    (sealed,) = Person.objects.values_list("id_number", flat=True)
    assert repr(sealed) == "<sealed>"
    with pytest.raises(CommandError, match="not written to fixtures"):
        call_command("dumpdata", "parties.person", stdout=io.StringIO())
    with pytest.raises(FieldError, match="bound to its row"):
        Person.objects.update(id_number=person.id_number)


def test_a_bound_value_survives_refresh_deferring_and_bulk_create(db):
    person = PersonFactory()
    number = person.id_number
    person.refresh_from_db()
    assert person.id_number == number
    assert Person.objects.defer("id_number").get().id_number == number
    assert Person.objects.only("id_number").get().id_number == number
    others = Person.objects.bulk_create(
        PersonFactory.build_batch(2, user=None),
    )
    assert {person.id_number for person in Person.objects.exclude(pk=person.pk)} == {
        other.id_number for other in others
    }


def test_migrations_keep_the_binding():
    _, path, _, kwargs = Person._meta.get_field("id_number").deconstruct()
    assert path == "services.access.encryption.EncryptedTextField"
    assert kwargs["bind"] == "public_id"
