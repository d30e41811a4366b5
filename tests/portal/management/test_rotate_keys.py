"""The change of keys."""

from __future__ import annotations

import base64
import io
import os

import pytest
from django.core.management import call_command
from django.db import connection

from services.access.encryption import DecryptionError
from services.access.operations import encrypted_models, rotate_keys, rows_under_old_keys
from services.parties.models import Person
from services.parties.models.parties import id_indexes_of
from tests.factories.parties import PersonFactory

pytestmark = pytest.mark.django_db


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def test_after_a_change_of_keys_the_old_ones_may_go(settings):
    people = {person.pk: person.id_number for person in PersonFactory.create_batch(5)}
    before = settings.FIELD_KEYS
    changed = {
        "active": "2",
        "keys": {**before["keys"], "2": key()},
        "index": key(),
        "old_indexes": [before["index"]],
    }
    settings.FIELD_KEYS = changed
    out = io.StringIO()
    call_command("rotate_keys", "--batch", "2", stdout=out)
    assert "parties.Person: 5 written, 0 left" in out.getvalue()
    settings.FIELD_KEYS = {"active": "2", "keys": {"2": changed["keys"]["2"]}, "index": changed["index"]}
    assert {person.pk: person.id_number for person in Person.objects.all()} == people
    for pk, number in people.items():
        assert Person.objects.get(id_index__in=id_indexes_of("31", number)).pk == pk
    settings.FIELD_KEYS = before
    with pytest.raises(DecryptionError):
        _ = Person.objects.first().id_number


def test_rotation_goes_batch_by_batch_and_leaves_what_is_current(settings):
    PersonFactory.create_batch(3)
    (fields,) = [fields for model, fields in encrypted_models() if model is Person]
    assert not rows_under_old_keys(Person, fields).exists()
    settings.FIELD_KEYS = settings.FIELD_KEYS | {
        "active": "2",
        "keys": {**settings.FIELD_KEYS["keys"], "2": key()},
    }
    PersonFactory()
    assert [rotate_keys(model=Person, fields=fields, limit=2) for _ in range(3)] == [2, 1, 0]


def test_one_column_under_an_old_key_is_enough_to_be_written_again(settings):
    PersonFactory()
    (fields,) = [fields for model, fields in encrypted_models() if model is Person]
    old = settings.FIELD_KEYS
    with connection.cursor() as cursor:
        cursor.execute("select mobile from parties_person")
        (mobile,) = cursor.fetchone()
        settings.FIELD_KEYS = old | {"active": "2", "keys": {**old["keys"], "2": key()}}
        rotate_keys(model=Person, fields=fields, limit=10)
        assert not rows_under_old_keys(Person, fields).exists()
        cursor.execute("update parties_person set mobile = %s", [mobile])
    assert rows_under_old_keys(Person, fields).count() == 1
