"""The authorisation table (tests/authorisation.yaml) holds for every address and everybody; one that is missing fails.

Every request is made with real objects of somebody else's: a filed application of the citizen, its case in SCJG with
its open tasks, her draft, her files and papers. Whoever is refused sees nothing of them and changes nothing. Whoever
works there and may open an address that shows her values, as a page, a file or an answer of the interface, leaves a
row in the access log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client

from services.access.models import AccessLog
from services.cases.models import Application, Case, Consent, Hold, Signature, SignerInvitation
from services.documents.models import Paper, PartialUpload, ShareCode, Upload
from services.notifications.models import Notice
from services.parties.models import Act, Guardianship, Mandate, MandateOffer, Person
from services.supervision.models import Card, CardAppeal, OrderReply, SupervisionOrder
from tests.answers import whole
from tests.portal.everybody import (
    CANARY,
    REFUSED,
    ROLES,
    ROWS,
    SIGN_INS,
    WORDS,
    Row,
    addresses,
    make_world,
    routes,
    session_of,
)
from workflows.enums import JobState
from workflows.models import HistoryEvent, Job, Task, ThresholdRules


def test_every_address_is_in_the_table() -> None:
    missing = [route for route in routes() if not any(row.fits(route) for row in ROWS)]
    assert not missing, "Say in tests/authorisation.yaml who may open: " + ", ".join(missing)


def test_the_table_names_no_address_that_is_gone() -> None:
    known = routes()
    assert [row.place for row in ROWS if not any(row.fits(route) for route in known)] == []


def test_the_table_says_something_for_every_role() -> None:
    wrong = [(row.place, role) for row in ROWS for role in ROLES if row.outcome(role) not in WORDS]
    assert wrong == []
    unknown = [(row.place, name) for row in ROWS for name in row.outcomes if name not in {*ROLES, "default"}]
    assert unknown == []


#: Values of the citizen that are personal: her full name, her mobile and identity numbers, an answer.
ANSWER = "张答案雀"
STAFF = frozenset(ROLES) - {"anonymous", "citizen", "other"}
#: Files without anything personal; that they hold none of her values is looked at all the same.
PUBLIC_FILES = frozenset({"/once-done/list.csv", "/oversight/ratings/export.csv"})
#: Where nothing of hers is shown, or to everybody who holds a paper's code.
SHOWN_OTHERWISE = ("/admin/", "/accounts/", "/verify/")
COUNTED = (
    Application, Case, Consent, Signature, SignerInvitation, Mandate, MandateOffer, Guardianship, Act, Hold, Task,
    ShareCode,
    Job, HistoryEvent, Upload, PartialUpload, Paper, Notice, Card, CardAppeal, SupervisionOrder, OrderReply,
    ThresholdRules,
)  # fmt: skip
#: Asked after every request that may write, so it is one question, written once.
COUNTS = " UNION ALL ".join(
    [f"SELECT '{model.__name__}', count(*) FROM {model._meta.db_table}" for model in COUNTED]
    + [
        f"SELECT 'taken', count(*) FROM {Task._meta.db_table} WHERE assignee_id IS NOT NULL",
        f"SELECT 'retried', count(*) FROM {Job._meta.db_table} WHERE state = '{JobState.QUEUED}'",
        f"SELECT 'skipped', count(*) FROM {Job._meta.db_table} WHERE state = '{JobState.SKIPPED}'",
    ]
)


def _counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(COUNTS)
        return dict(cursor.fetchall())


@dataclass(frozen=True)
class Met:
    """What somebody met. word: the outcome in the table's words. changed: rows she may not change were changed.

    recorded: that she read something stands in the access log. is_file: it was a file to keep.
    """

    word: str
    body: str
    changed: bool
    recorded: bool
    is_file: bool


class Walk:
    """Everybody asks for everything. Every request is undone, so that the world is the same before each."""

    def __init__(self) -> None:
        self.world = make_world()
        her: Person = self.world["people"]["citizen"].person
        for one in Application.objects.filter(party_id=her.pk):
            one.answers = {**one.answers, "person.name": ANSWER}
            one.save(update_fields=["answers"])
        self.personal = {her.name, her.mobile, her.id_number, ANSWER} - {""}
        self.before = _counts()
        assert not AccessLog.objects.exists()

    def steps(self) -> Iterator[tuple[str, Row, str, Met]]:
        """Yield role, line of the table, address and what was met."""
        for role in ROLES:
            cache.clear()
            client, session = Client(raise_request_exception=False), session_of(self.world["people"][role])
            for row, address in addresses(self.world["objects"]):
                if row.outcome(role) != "unasked":
                    client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: session} if session else {})
                    yield role, row, address, self._met(client, role, row, address)

    def _met(self, client: Client, role: str, row: Row, address: str) -> Met:
        point, reader = transaction.savepoint(), self.world["people"][role]
        try:
            headers = {"Idempotency-Key": "key"} if address.startswith("/api/") else {}
            response = client.generic(row.method.upper(), address, headers=headers)
            body = whole(response).decode("utf-8", "replace")
            changed = row.method != "get" and _counts() != self.before
            recorded = role in STAFF and AccessLog.objects.filter(reader=reader).exists()
        finally:
            transaction.savepoint_rollback(point)
        target, word = response.headers.get("Location", ""), str(response.status_code)
        if response.status_code == 302 and target.split("?")[0] in SIGN_INS:
            word = "login"
        return Met(
            word if word in WORDS | {"500"} else "allow",
            body,
            changed=changed,
            recorded=recorded,
            is_file="attachment" in response.headers.get("Content-Disposition", ""),
        )


@pytest.mark.django_db
def test_everybody_meets_what_the_table_says_and_whoever_reads_leaves_a_row() -> None:
    """Complete, because every reading goes through one gate: whoever else sees personal values leaves a row."""
    walk = Walk()
    wrong, leaks, changes, silent, recorded = [], [], [], [], 0
    for role, row, address, met in walk.steps():
        place = f"{role} {row.method} {address}"
        if met.word != row.outcome(role):
            wrong.append(f"{place} ({row.place}): {met.word} instead of {row.outcome(role)}")
        if met.word in REFUSED and CANARY in met.body:
            leaks.append(place)
        if met.word in REFUSED and met.changed:
            changes.append(place)
        if role in STAFF and row.outcome(role) == "allow" and not address.startswith(SHOWN_OTHERWISE):
            recorded += met.recorded
            shown = [value for value in walk.personal if value in met.body]
            if (shown or (met.is_file and address not in PUBLIC_FILES)) and not met.recorded:
                silent.append(f"{place} shows {shown or 'a file'}")
    assert wrong == [], "\n".join(wrong)
    assert leaks == [], "\n".join(leaks)
    assert changes == [], "\n".join(changes)
    assert silent == [], "\n".join(silent)
    assert recorded > 20, "the walk met pages that record"
    assert _counts() == walk.before, "what a request does is undone"
    assert not AccessLog.objects.exists()
