"""Who may have which paper: results are for those who receive for the applicant, notices also for who fills in."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from services.cases.enums import CaseState
from services.documents.models import Paper
from services.parties.enums import MandateScope
from services.parties.models import Person
from tests.factories.cases import FILED_AT, ApplicationFactory, CaseFactory
from tests.factories.documents import make_paper
from tests.factories.papers import FACTS
from tests.factories.parties import DepartmentFactory, MandateFactory, PersonFactory

pytestmark = pytest.mark.django_db


def signed_in(person: Person) -> Client:
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(person.user)
    return client


def agent_with(principal: Person, *scopes: MandateScope) -> Client:
    agent = PersonFactory()
    MandateFactory(person=principal, agent=agent, scopes=list(scopes))
    return signed_in(agent)


def test_results_are_for_who_receives_and_notices_also_for_who_fills_in() -> None:
    principal = PersonFactory()
    filed = ApplicationFactory(person=principal)
    case = CaseFactory(application=filed, state=CaseState.GRANTED, decided_at=FILED_AT, issued_at=FILED_AT)
    DepartmentFactory(code="SCJG")

    def paper(kind: str) -> Paper:
        return make_paper(kind, department="SCJG", subject=("case", str(case.pk)), facts=FACTS[kind])

    papers = {kind: paper(kind) for kind in ("acceptance_notice", "fee_notice", "decision_grant", "certificate")}
    everybody = {
        "herself": signed_in(principal),
        "fills": agent_with(principal, MandateScope.FILL, MandateScope.SIGN),
        "pays": agent_with(principal, MandateScope.PAY),
        "receives": agent_with(principal, MandateScope.RECEIVE),
        "nobody": signed_in(PersonFactory()),
    }
    page = reverse("applicant:application", args=[filed.public_id])
    addresses = {kind: reverse("applicant:paper", args=[one.public_id]) for kind, one in papers.items()}

    def given(client: Client) -> set[str]:
        return {kind for kind, address in addresses.items() if client.get(address).status_code != 404}

    assert {name: given(client) for name, client in everybody.items()} == {
        "herself": set(papers),
        "fills": {"acceptance_notice", "fee_notice"},
        "pays": {"fee_notice"},
        "receives": set(papers),
        "nobody": set(),
    }
    shown = everybody["fills"].get(page)
    text = b"".join(shown).decode() if shown.streaming else shown.content.decode()
    assert [kind for kind, address in addresses.items() if address in text] == ["acceptance_notice", "fee_notice"]
    assert "文件由有权代申请人领取文书的人下载" in text, "she knows that there is one, and whose it is"
