"""People who act for others: offered, accepted, ended at once; the principal sees and is told everything."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from services.cases.models import Application
from services.cases.operations.acting import done_in_name
from services.cases.operations.people import ask_to_pass_mandates, end_mandate
from services.cases.operations.telling import applicants_of, applicants_of_each
from services.cases.permissions import applications_of, applications_open_to, can_withdraw
from services.notifications.models import Notice
from services.parties.enums import ActKind, IdentityKind, MandateScope, OfferState, Role
from services.parties.models import Act, Guardianship, Mandate, MandateOffer, Person
from services.parties.operations.guardians import (
    GuardianshipRefusedError,
    end_guardianship,
    record_guardianship,
)
from services.parties.permissions import can_act_for, can_grant_mandate
from services.parties.queries import acting_for, party_choices, users_behind, users_behind_each
from services.ratings.operations.telling import ask_to_rate
from tests import naughty
from tests.factories.cases import ApplicationFactory
from tests.factories.parties import MandateFactory, MembershipFactory, OrganisationFactory, PersonFactory
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def given(agent: Person, **more: Any) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "name": agent.name, "id_kind": agent.id_kind, "id_number": agent.id_number, "matter": "开店手续",
        "scopes": ["fill", "receive"], "begins": today.isoformat(), "ends": (today + timedelta(days=30)).isoformat(),
        **more,
    }  # fmt: skip


def told(person: Person, kind: str) -> int:
    return Notice.objects.filter(recipient=person.user, kind=kind, channel="inbox").count()


def test_a_company_lets_somebody_act_she_accepts_and_it_ends_at_once() -> None:
    chief, agent, stranger = PersonFactory(), PersonFactory(), PersonFactory()
    body = OrganisationFactory(legal_representative=chief)
    boss, helper, other = signed_in(chief), signed_in(agent), signed_in(stranger)
    place = f"/my/people/new/?for={body.ref}"
    assert other.get(place).status_code == 404
    assert boss.post(place, given(agent)).status_code == 302
    offer = MandateOffer.objects.get()
    assert (offer.principal, offer.kind, told(agent, "mandate_offered")) == (body.ref, "staff", 1)
    page = boss.get(f"/my/people/?for={body.ref}").content.decode()
    assert offer.code in page
    assert agent.id_number not in page

    address = f"/my/people/offers/{offer.public_id}/"
    assert other.get(address).status_code == 403
    assert "开店手续" not in other.get(address).content.decode()
    assert other.post(address, {"answer": "accept"}).status_code == 403
    assert other.get(f"/my/people/accept/{offer.code}/").status_code == 302
    assert helper.post("/my/people/code/", {"code": offer.code.lower()}).headers["Location"] == address
    assert "开店手续" in helper.get(address).content.decode()
    for _ in range(2):
        assert helper.post(address, {"answer": "accept"}).status_code == 302
    mandate = Mandate.objects.get()
    assert (mandate.agent, mandate.matter, mandate.scopes) == (agent, "开店手续", ["fill", "receive"])
    assert told(chief, "mandate_accepted") == 1

    draft = ApplicationFactory(person=chief, party_kind="organisation", party_id=body.pk, filed_by=agent.user)
    assert helper.get(f"/my/applications/{draft.public_id}/").status_code == 200
    assert other.post(f"/my/people/mandates/{mandate.public_id}/end/").status_code == 404
    assert boss.post(f"/my/people/mandates/{mandate.public_id}/end/").status_code == 302
    # The very next request is denied, also for what she began herself.
    assert helper.get(f"/my/applications/{draft.public_id}/").status_code == 404
    assert boss.get(f"/my/applications/{draft.public_id}/").status_code == 200
    assert (told(agent, "mandate_ended"), told(chief, "mandate_ended")) == (1, 0)


def test_an_offer_that_was_taken_back_declined_or_expired_is_over() -> None:
    principal, agent = PersonFactory(), PersonFactory()
    mine, hers = signed_in(principal), signed_in(agent)
    for number in range(3):
        mine.post("/my/people/new/", given(agent, matter=f"第{number}件"))
    third, second, first = MandateOffer.objects.all()
    assert hers.post(f"/my/people/offers/{first.public_id}/take-back/").status_code == 404
    assert mine.post(f"/my/people/offers/{first.public_id}/take-back/").status_code == 302
    hers.post(f"/my/people/offers/{second.public_id}/", {"answer": "decline", "reason": "没有时间"})
    MandateOffer.objects.filter(pk=third.pk).update(expires_at=database_now())
    for offer in (first, second, third):
        hers.post(f"/my/people/offers/{offer.public_id}/", {"answer": "accept"})
    assert not Mandate.objects.exists()
    states = [MandateOffer.objects.get(pk=one.pk).state_at(database_now()) for one in (first, second, third)]
    assert states == [OfferState.REVOKED, OfferState.DECLINED, OfferState.EXPIRED]
    assert "没有时间" in mine.get("/my/people/").content.decode()
    assert told(principal, "mandate_declined") == 1


def test_an_offer_tells_nobody_who_is_registered() -> None:
    mine, known = signed_in(PersonFactory()), PersonFactory()
    unknown = PersonFactory.build(user=None, name="没有登记")
    answers = [mine.post("/my/people/new/", given(one), follow=True).content.decode() for one in (known, unknown)]
    assert ["您的委托已发出" in one or "委托已发出" in one for one in answers] == [True, True]
    wrong = mine.post("/my/people/new/", given(known, scopes=[], id_number="410105190001011234", matter=" "))
    assert wrong.status_code == 422
    assert MandateOffer.objects.count() == 2


def test_a_scope_opens_what_it_is_for() -> None:
    at, principal = database_now(), PersonFactory()
    for scope in MandateScope:
        agent = MandateFactory(person=principal, scopes=[scope]).agent
        draft = ApplicationFactory(person=principal, state="draft", number=None, submitted_at=None, run=None)
        client = signed_in(agent)
        assert applications_open_to(agent.user, at).filter(pk=draft.pk).exists()
        assert applications_of(agent.user, at).filter(pk=draft.pk).exists() == (scope == "fill")
        assert client.get(f"/my/applications/{draft.public_id}/documents/").status_code == (
            200 if scope == "fill" else 404
        )
        review = client.get(f"/my/applications/{draft.public_id}/review/")
        assert review.status_code == (200 if scope in ("fill", "sign") else 404)
        assert ('class="acting-for"' in review.content.decode()) == (scope in ("fill", "sign"))
        hers = signed_in(principal).get(f"/my/applications/{draft.public_id}/review/").content.decode()
        assert 'class="acting-for"' not in hers
        assert not can_grant_mandate(agent.user, principal.ref, at)


def test_the_principal_reads_what_was_done_in_her_name() -> None:
    at, principal = database_now(), PersonFactory()
    mandate = MandateFactory(person=principal, scopes=["fill", "pay"])
    agent = mandate.agent
    application = ApplicationFactory(person=principal)
    for kind in ActKind:
        acting = done_in_name(application, kind, by=agent.user, at=at)
        assert (acting.relation, acting.mandate_id) == ("agent", mandate.pk)
    assert done_in_name(application, ActKind.FILED, by=principal.user, at=at).relation == "self"
    assert Act.objects.count() == len(ActKind)
    assert told(principal, "acted_in_your_name") == 4  # signed, filed, withdrawn, paid
    assert told(agent, "acted_in_your_name") == 0
    page = signed_in(principal).get("/my/people/").content.decode()
    assert page.count(agent.user.get_full_name()) >= len(ActKind)
    assert application.number in page


def child(years: int, **more: Any) -> Person:
    born = timezone.localdate().replace(day=1)
    born = date(born.year - years, born.month, 1)
    number = f"P{years:07d}"
    return PersonFactory(
        user=None, id_kind=IdentityKind.PASSPORT, id_number=number, birth_date=born.isoformat(), **more
    )


def test_a_guardian_acts_for_a_child_until_it_is_18() -> None:
    at, parent, clerk = database_now(), PersonFactory(), MembershipFactory(role=Role.CLERK).user
    kid = child(9)
    row = record_guardianship(child=kid, guardian=parent, source="register", evidence="户号 1", by=None, at=at)
    again = record_guardianship(child=kid, guardian=parent, source="register", evidence="户号 1", by=None, at=at)
    assert (again, Guardianship.objects.count()) == (row, 1)
    assert [(one.ref, one.relation) for one in party_choices(parent.user, at)][1] == (kid.ref, "guardian")
    assert acting_for(parent.user, kid.ref, "sign", at).relation == "guardian"
    assert all(can_act_for(parent.user, kid.ref, scope, at) for scope in MandateScope)
    assert can_grant_mandate(parent.user, kid.ref, at)
    assert users_behind(kid.ref, at) == [parent.user]
    assert users_behind_each([kid.ref], at) == {kid.ref: (parent.user.pk,)}
    grown = at + timedelta(days=366 * 9 + 31)
    assert not can_act_for(parent.user, kid.ref, "fill", grown)
    assert not can_act_for(PersonFactory().user, kid.ref, "fill", at)
    end_guardianship(guardianship=row, reason="监护人变更", by=clerk, at=at)
    assert not can_act_for(parent.user, kid.ref, "fill", at)
    for wrong in ({"child": child(18)}, {"guardian": kid}, {"child": PersonFactory(birth_date="")}):
        people = {"child": kid, "guardian": parent, **wrong}
        with pytest.raises(GuardianshipRefusedError):
            record_guardianship(**people, source="register", evidence="户号 1", by=None, at=at)


def test_a_clerk_records_a_guardian_from_papers() -> None:
    kid, parent = child(3), PersonFactory()
    clerk = PersonFactory.build()
    clerk = MembershipFactory(role=Role.CLERK).user
    client = Client()
    client.force_login(clerk, backend="django.contrib.auth.backends.ModelBackend")
    place = f"/counter/people/{kid.public_id}/guardians/"
    assert client.get(place).status_code == 200
    said = {"id_kind": parent.id_kind, "id_number": parent.id_number, "evidence": "户口簿"}
    assert client.post(place, {**said, "id_number": "410105190001010000"}).status_code == 422
    assert client.post(place, said).status_code == 302
    assert told(parent, "guardian_recorded") == 1
    row = Guardianship.objects.get()
    assert signed_in(parent).get(f"/my/people/?for={kid.ref}").status_code == 200
    assert client.post(place, {"end": row.public_id, "reason": "户口迁出"}).status_code == 302
    assert signed_in(parent).get(f"/my/people/?for={kid.ref}").status_code == 404


def test_naughty_texts_are_stored_exactly_or_refused() -> None:
    principal, agent = PersonFactory(), PersonFactory()
    mine, hers = signed_in(principal), signed_in(agent)
    for text in naughty.strings(longest=200)[::7]:
        before = MandateOffer.objects.count()
        for said in (given(agent, matter=text), given(agent, name=text)):
            assert mine.post("/my/people/new/", said).status_code in (302, 422)
        assert mine.post("/my/people/code/", {"code": text}).status_code == 302
        if MandateOffer.objects.count() == before:
            continue
        offer = MandateOffer.objects.filter(name=agent.name).first()
        if offer.matter == text.strip():
            page = hers.get(f"/my/people/offers/{offer.public_id}/")
            assert page.status_code == 200
            assert "<script>alert" not in page.content.decode()
        hers.post(f"/my/people/offers/{offer.public_id}/", {"answer": "decline", "reason": text})
    assert mine.get("/my/people/").status_code == 200
    assert Application.objects.count() == 0


def test_a_founders_agent_acts_for_the_company_once_she_says_so() -> None:
    founder, at = PersonFactory(), database_now()
    mandate = MandateFactory(person=founder, scopes=["fill", "pay"])
    body = OrganisationFactory(legal_representative=founder)
    other = OrganisationFactory()
    ask_to_pass_mandates(person=founder, to=body.ref, at=at)
    ask_to_pass_mandates(person=founder, to=body.ref, at=at)
    assert told(founder, "mandate_may_pass") == 1
    assert not can_act_for(mandate.agent.user, body.ref, "fill", at)  # nothing passes by itself
    client, place = signed_in(founder), f"/my/people/mandates/{mandate.public_id}/pass-on/"
    assert place in client.get("/my/people/").content.decode()
    for stranger, to in ((client, other.ref), (client, "junk\0"), (signed_in(mandate.agent), body.ref)):
        assert stranger.post(place, {"to": str(to)}).status_code == 404
    for _ in range(2):
        assert client.post(place, {"to": str(body.ref)}).status_code == 302
    given = Mandate.objects.get(organisation=body)
    assert (given.agent, given.scopes, given.valid_until) == (mandate.agent, mandate.scopes, mandate.valid_until)
    assert told(mandate.agent, "mandate_passed") == 1
    assert can_act_for(mandate.agent.user, body.ref, "pay", database_now())
    assert not can_act_for(mandate.agent.user, body.ref, "sign", database_now())
    assert place not in client.get("/my/people/").content.decode()


def test_an_agent_whose_mandate_is_over_hears_nothing_and_neither_withdraws_nor_pays() -> None:
    at, principal = database_now(), PersonFactory()
    mandate = MandateFactory(person=principal, scopes=["fill"])
    agent = mandate.agent
    application = ApplicationFactory(person=principal, filed_by=agent.user)
    assert not can_withdraw(agent.user, application, at)  # filling in is not deciding for her
    assert can_withdraw(principal.user, application, at)
    assert set(applicants_of(application, at)) == {principal.user, agent.user}
    assert set(applicants_of_each([application], at)[application.pk]) == {principal.user.pk, agent.user.pk}
    end_mandate(mandate=mandate, by=principal.user, at=at)
    later = at + timedelta(seconds=1)
    assert applicants_of(application, later) == [principal.user]
    assert applicants_of_each([application], later)[application.pk] == [principal.user.pk]
    ask_to_rate(application, at=later)
    assert told(agent, "please_rate") == 0
    assert told(principal, "please_rate") == 1
