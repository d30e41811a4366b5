"""Who read my data: two logs in one list, with posts, fields in words, refused attempts, filters, pages and CSV."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from services.access.enums import Purpose
from services.access.operations import record_access
from services.cases.models import Application
from services.cases.operations.refused import note_refused_application
from services.exchange.enums import Outcome
from services.exchange.models import SourceCall
from services.exchange.purposes import SourcePurpose
from services.exchange.queries import key_indexes
from services.exchange.sources import sources
from services.parties.enums import Role
from services.parties.models import Guardianship
from tests import naughty
from tests.factories.accounts import UserFactory
from tests.factories.cases import FILED_AT, ApplicationFactory, CaseFactory
from tests.factories.parties import DepartmentFactory, MembershipFactory, OrganisationFactory, PersonFactory

pytestmark = pytest.mark.django_db
ADDRESS = "/my/data/"


def record(reader: Any, application: Application, **more: Any) -> None:
    given = {
        "fields": ["person.name", "file:identity-card", "paper:receipt"],
        "purpose": Purpose.REVIEW,
        "case_ref": "C-1",
        "at": FILED_AT,
    }
    record_access(reader=reader, subject_kind="application", subject_id=application.pk, **{**given, **more})


def test_a_guardian_sees_who_read_a_child_s_data() -> None:
    parent, child = PersonFactory(), PersonFactory(user=None)
    application = ApplicationFactory(person=child)
    record(MembershipFactory(department__code="SCJG", role=Role.HANDLER).user, application)
    client = Client()
    client.force_login(parent.user)
    assert "C-1" not in client.get(ADDRESS).text
    Guardianship.objects.create(
        child=child,
        guardian=parent,
        source="counter",
        evidence="户口簿",
        ends_on=date(2100, 1, 1),
        recorded_at=FILED_AT,
    )
    assert "C-1" in client.get(ADDRESS).text


def test_everything_that_was_read_stands_there_and_nobody_else_s(django_assert_max_num_queries: Any) -> None:
    person, other = PersonFactory(), PersonFactory()
    body = OrganisationFactory(legal_representative=person)
    mine, ours, theirs = (ApplicationFactory(person=one) for one in (person, person, other))
    Application.objects.filter(pk=ours.pk).update(party_kind="organisation", party_id=body.pk)
    office = DepartmentFactory(code="SCJG", name_zh="市场监管局（演示）")
    handler = MembershipFactory(department=office, role=Role.HANDLER).user
    MembershipFactory(user=handler, department__code="XF", since=FILED_AT + timedelta(days=30))
    record(handler, mine)
    record(handler, ours, at=FILED_AT + timedelta(hours=1))
    record(handler, theirs, fields=["person.mobile"], case_ref="C-OTHER")
    record(person.user, mine, purpose=Purpose.OWN_APPLICATION, case_ref="OWN")
    case = CaseFactory(application=mine)
    record_access(
        reader=handler,
        subject_kind="case",
        subject_id=case.pk,
        fields=["opinions"],
        purpose=Purpose.SUPERVISION,
        at=FILED_AT,
    )
    note_refused_application(public_id=mine.public_id, by=other.user, purpose=Purpose.WINDOW, at=FILED_AT)
    note_refused_application(public_id="nothing", by=other.user, purpose=Purpose.WINDOW, at=FILED_AT)
    agent = PersonFactory(name="代理人甲")
    record(agent.user, mine, purpose=Purpose.OWN_APPLICATION)
    for number, key in enumerate((person.id_number, other.id_number)):
        SourceCall.objects.create(
            source="household-registry", purpose="prefill", key_masked="4",
            key_index=key_indexes("person.id_number", key)[0],
            subject_kind="elsewhere", subject_id=str(number), asked_at=FILED_AT, outcome=Outcome.UNAVAILABLE,
            fields=["person.hukou_address"], milliseconds=3,
        )  # fmt: skip
    client = Client()
    client.force_login(person.user)
    with django_assert_max_num_queries(35):
        page = client.get(ADDRESS).content.decode()
    assert page.count('class="reading') - page.count('class="reading-') == 6
    assert "市场监管局（演示） · " in page
    assert page.count("审查您的申请") == 2
    assert "C-OTHER" not in page
    assert "OWN" not in page, "what she opens herself is no news to her"
    assert "已拒绝" in page
    assert "代理人甲" in page
    assert "户籍人口信息" in page
    assert "经您同意，用于填写您的申请" in page
    assert body.name in page
    client.force_login(other.user)
    page = client.get(ADDRESS).content.decode()
    assert page.count('class="reading') - page.count('class="reading-') == 2


def test_filters_pages_and_the_whole_as_a_file() -> None:
    person = PersonFactory()
    mine, second = ApplicationFactory(person=person), ApplicationFactory(person=person)
    handler = MembershipFactory(department__code="SCJG", role=Role.HANDLER).user
    for hour in range(30):
        record(handler, mine, at=FILED_AT + timedelta(hours=hour), purpose="=HYPERLINK(0)")
    record(UserFactory(), second, at=FILED_AT + timedelta(days=40), allowed=False)
    client = Client()
    client.force_login(person.user)

    def shown(**given: str) -> int:
        page = client.get(ADDRESS, given).content.decode()
        return page.count('<li class="reading')

    assert shown() == 25
    assert shown(page="2") == 6
    assert shown(kind="refused") == shown(kind="others") == 1
    assert shown(kind="office", page="2") == 5
    assert shown(kind="register") == 0
    assert shown(application=second.public_id) == 1
    day = (FILED_AT + timedelta(days=40)).date().isoformat()
    assert shown(first=day) == 1
    assert shown(last=day, kind="refused") == 1
    response = client.get(ADDRESS, {"format": "csv", "kind": "office"})
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert len(rows) == 31
    assert rows[1][4] == "'=HYPERLINK(0)", "no formula for a spreadsheet"
    assert Client().get(reverse("applicant:my_data")).status_code == 302


def test_junk_in_the_filters_is_no_fault() -> None:
    person = PersonFactory()
    record(UserFactory(), ApplicationFactory(person=person))
    client = Client()
    client.force_login(person.user)
    for text in naughty.strings()[::9]:
        for name in ("kind", "application", "first", "page"):
            assert client.get(ADDRESS, {name: text.encode("utf-8", "surrogatepass")}).status_code in (200, 422)
    assert client.get(ADDRESS).text.count('<li class="reading') == 1


def test_every_purpose_has_words() -> None:
    assert {code for one in sources().values() for code in one.purposes} == set(SourcePurpose.values)
