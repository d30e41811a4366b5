"""The ground every other test stands on."""

import pytest
from django.db import connection


@pytest.mark.django_db
def test_postgresql_is_new_enough() -> None:
    assert connection.pg_version >= 150000
