"""Pages that people wait for ask the database little, and what a process keeps for them is never old."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from services.cases.models import Hold, Withdrawal
from services.cases.permissions import applications_open_to, may_follow
from services.cases.queries.kept import RARE, rare_facts_in, some_rare_facts
from services.cases.queries.time_spent import time_of_application, time_of_timeline
from services.cases.queries.timeline import timeline_and, timeline_of
from services.catalogue.queries import edition_and_now
from services.parties.enums import MandateScope
from tests.factories.accounts import UserFactory
from tests.factories.cases import ApplicationFactory, open_case, open_task
from tests.factories.catalogue import published_service
from tests.factories.drafts import begun_draft, browser_of
from tests.factories.parties import MandateFactory, MembershipFactory, OrganisationFactory, PersonFactory
from workflows.models import ClockExtension, ClockPause
from workflows.queries.together import answers

pytestmark = pytest.mark.django_db


def queries(browser: Client, address: str) -> int:
    """Return how many queries a page costs once the process knows the catalogue."""
    for _ in range(2):
        assert browser.get(address).content  # to its end: it may come in two parts
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(address).content
    return len(asked)


def trips(browser: Client, address: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how often a page asks several things at once."""
    made: list[str] = []
    pipeline = connection.connection.pipeline
    monkeypatch.setattr(connection.connection, "pipeline", lambda: made.append(address) or pipeline())
    assert browser.get(address).content
    return len(made)


def test_a_timeline_costs_thirteen_queries_in_four_trips(monkeypatch: pytest.MonkeyPatch) -> None:
    case = open_case(published_service(item__code="few"))
    open_task(case)
    browser, address = browser_of(case.application.filed_by), f"/my/applications/{case.application.public_id}/"
    assert queries(browser, address) <= 13
    assert trips(browser, address, monkeypatch) == 2  # beside the session and the person


def test_a_section_costs_ten_queries_in_four_trips(monkeypatch: pytest.MonkeyPatch) -> None:
    browser, _draft, address = begun_draft()
    assert queries(browser, address) <= 10
    assert trips(browser, address, monkeypatch) == 2


@pytest.mark.parametrize(("address", "most"), [("/services/", 3), ("/guide/few/", 3)])
def test_a_visitor_costs_next_to_nothing(address: str, most: int) -> None:
    published_service(item__code="few")
    assert queries(Client(), address) <= most


def test_what_is_kept_is_never_old() -> None:
    case = open_case(published_service(item__code="few"))
    open_task(case)
    browser, address = browser_of(case.application.filed_by), f"/my/applications/{case.application.public_id}/"
    assert case.department.name_zh in browser.get(address).content.decode()
    case.department.name_zh = "改名后的局"
    case.department.save()
    page = browser.get(address).content.decode()
    assert "改名后的局" in page


def test_rare_facts_are_shown_when_there_are_some() -> None:
    case = open_case(published_service(item__code="few"))
    open_task(case)
    application = case.application
    assert rare_facts_in(*answers(some_rare_facts(application))) == set()
    Hold.objects.create(application=application, reason="等待", held_by=application.filed_by, held_at=case.filed_at)
    Withdrawal.objects.create(application=application, reason={"text": "不办了"}, withdrawn_by=application.filed_by,
                              withdrawn_at=case.filed_at)  # fmt: skip
    clock = application.run.clocks.get(kind="promised")
    ClockPause.objects.create(clock=clock, reason="expert_review", citation="APL art. 45", from_on=case.filed_at.date(),
                              to_on=case.filed_at.date(), planned_days=1, recorded_at=case.filed_at)  # fmt: skip
    ClockExtension.objects.create(
        clock=clock, amount=5, authority="head_of_department", reason="复杂", granted_at=case.filed_at
    )
    found = rare_facts_in(*answers(some_rare_facts(application)))
    assert found == {"holds", "withdrawals", "pauses", "extension"} <= RARE
    edition, at = edition_and_now()
    kept, read = timeline_and(application, at=at, edition=edition)[0], timeline_of(application, at=at)
    assert kept.hold == read.hold is not None
    assert [list(clock.pauses.all()) for clock in kept.lanes[0].clocks] == [
        list(clock.pauses.all()) for clock in read.lanes[0].clocks
    ]
    extended = [getattr(one, "extension", None) for one in kept.lanes[0].clocks]
    assert extended == [getattr(one, "extension", None) for one in read.lanes[0].clocks]
    assert [one for one in extended if one] == list(ClockExtension.objects.all())
    with CaptureQueriesContext(connection) as asked:
        spent = time_of_timeline(kept, at=at)
    assert not asked
    assert spent == time_of_application(application, at=at)
    page = browser_of(application.filed_by).get(f"/my/applications/{application.public_id}/").content.decode()
    assert all(words in page for words in ("等待", "不办了"))


def test_who_may_follow_one_application_is_who_finds_it_in_the_list() -> None:
    at, principal = edition_and_now()[1], PersonFactory()
    own = ApplicationFactory(person=principal)
    company = OrganisationFactory()
    theirs = ApplicationFactory(person=principal, party_kind="organisation", party_id=company.pk)
    clerk, former = UserFactory(), UserFactory()
    MembershipFactory(user=clerk, role="clerk")
    handed = ApplicationFactory(person=principal, channel="counter", filed_by=clerk)
    left = ApplicationFactory(person=principal, channel="counter", filed_by=former)
    agents = [MandateFactory(person=principal, scopes=[scope]).agent.user for scope in MandateScope]
    over = MandateFactory(person=principal, revoked_at=at).agent.user
    users = [principal.user, company.legal_representative.user, *agents, over, UserFactory(), clerk, former]
    seen = set()
    for user in users:
        for one in (own, theirs, handed, left):
            listed = applications_open_to(user, at).filter(pk=one.pk).exists()
            assert may_follow(user, one, at) == listed, (user, one)
            seen.add(listed)
    assert seen == {True, False}
    principal.user.is_active = False
    assert not may_follow(principal.user, own, at)
