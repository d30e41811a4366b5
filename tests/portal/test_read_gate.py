"""Complete, because every reading goes through one gate: whoever else sees personal values leaves a row.

Every address of the site is opened by everybody of the authorisation table who may open it, with somebody else's real
objects. A page, a file or an answer of the interface that shows her values without a row in the access log fails here.
"""

from __future__ import annotations

import ast
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from services.access.models import AccessLog
from services.cases.models import Application
from services.parties.models import Person
from tests.answers import whole
from tests.portal.test_authorisation import ROLES, _addresses, _session_of, _world

#: Values of hers that are personal: her full name, her mobile and identity numbers, an answer.
ANSWER = "张答案雀"
#: Files without anything personal; that they hold none of her values is looked at all the same.
PUBLIC_FILES = frozenset({"/once-done/list.csv", "/oversight/ratings/export.csv"})
STAFF = [role for role in ROLES if role not in ("anonymous", "citizen", "other")]


@pytest.mark.django_db
def test_whoever_sees_personal_values_of_somebody_else_leaves_a_row() -> None:
    world = _world()
    her: Person = world["people"]["citizen"].person
    Application.objects.filter(party_id=her.pk).update(answers={"person.name": ANSWER})
    values = {her.name, her.mobile, her.id_number, ANSWER} - {""}
    silent: list[str] = []
    rows_written = 0
    for role in STAFF:
        cache.clear()
        reader, session = world["people"][role], _session_of(world["people"][role])
        client = Client(raise_request_exception=False)
        for row, address in _addresses(world["objects"]):
            if row.outcome(role) != "allow" or address.startswith(("/admin/", "/accounts/", "/verify/")):
                continue
            client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: session})
            before, point = AccessLog.objects.count(), transaction.savepoint()
            headers = {"Idempotency-Key": "key"} if address.startswith("/api/") else {}
            response = client.generic(row.method.upper(), address, headers=headers)
            content = whole(response)
            body = content.decode("utf-8", "replace")
            written = AccessLog.objects.filter(reader=reader).count() > 0 and AccessLog.objects.count() > before
            transaction.savepoint_rollback(point)
            rows_written += written
            shown = [value for value in values if value in body]
            is_file = "attachment" in response.headers.get("Content-Disposition", "")
            if (shown or (is_file and address not in PUBLIC_FILES)) and not written:
                silent.append(f"{role} {row.method} {address} shows {shown or 'a file'}")
    assert rows_written > 20, "the walk met pages that record"
    assert silent == [], "\n".join(silent)


#: What hands out somebody's answers to a page; `record_access` is the gate beside it.
SOURCES_OF_VALUES = frozenset({"answers_of_case", "answers_of_application"})


@pytest.mark.parametrize("door", ["counter", "desk", "oversight", "api"])
def test_a_module_that_shows_answers_goes_through_the_gate(door: str) -> None:
    silent = []
    for path in sorted((Path(settings.ROOT) / "portal" / door).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        names = {
            name.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) for name in node.names
        }
        if names & SOURCES_OF_VALUES and "record_access" not in names:
            silent.append(str(path))
    assert silent == []
