"""Who holds which post, who acts for whom, who is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from portal.accounts.models import User
from services.parties.enums import MandateScope, Role
from services.parties.models import Department, Organisation, Person
from services.parties.permissions import can_act_for, can_appoint, can_look_up_persons, is_principal
from services.parties.queries import (
    department_by_code,
    departments,
    mandates_given_by,
    mandates_held_by,
    names_of_parties,
    parties_for,
    party,
    party_choices,
    person_of,
    posts_of,
    users_behind,
    users_in_post,
    windows_of,
)
from services.parties.references import PartyRef, Post
from tests.factories.accounts import UserFactory
from tests.factories.parties import (
    DepartmentFactory,
    MandateFactory,
    MembershipFactory,
    OrganisationFactory,
    PersonFactory,
    WindowFactory,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def disable(user: User) -> User:
    User.objects.filter(pk=user.pk).update(is_active=False)
    return User.objects.get(pk=user.pk)


def test_posts_hold_from_their_begin_to_just_before_their_end():
    membership = MembershipFactory(department__code="XF", role=Role.HANDLER, since=AT, until=AT + timedelta(days=1))
    expected = {Post("XF", "handler")}
    for at, posts in (
        (AT - TICK, set()),
        (AT, expected),
        (AT + timedelta(days=1) - TICK, expected),
        (AT + timedelta(days=1), set()),
    ):
        assert posts_of(membership.user, at) == posts
        assert list(users_in_post("XF", "handler", at)) == ([membership.user] if posts else [])


def test_several_posts_and_a_window_are_found_with_one_query(django_assert_num_queries):
    window = WindowFactory(hall__department__code="ZWB")
    user = MembershipFactory(department=None, window=window, role=Role.CLERK).user
    MembershipFactory(user=user, department__code="XF", role=Role.CHECKER)
    with django_assert_num_queries(1):
        assert posts_of(user, AT) == {Post("ZWB", "clerk"), Post("XF", "checker")}
    assert list(windows_of(user, AT)) == [window]
    assert list(users_in_post("ZWB", "clerk", AT)) == [user]


def test_people_without_a_post_and_visitors_hold_none():
    assert posts_of(UserFactory(), AT) == frozenset()
    assert posts_of(AnonymousUser(), AT) == frozenset()
    assert person_of(AnonymousUser()) is None
    assert party_choices(AnonymousUser(), AT) == []


def test_a_disabled_user_holds_nothing_and_is_told_nothing():
    membership = MembershipFactory(department__code="XF", role=Role.HANDLER)
    person = PersonFactory(user=membership.user)
    user = disable(membership.user)
    assert posts_of(user, AT) == frozenset()
    assert not users_in_post("XF", "handler", AT).exists()
    assert parties_for(user, AT) == []
    assert users_behind(person.ref, AT) == []
    assert not can_act_for(user, person.ref, "fill", AT)


def test_she_applies_for_herself_her_organisations_and_her_principals():
    person = PersonFactory(name="赵晓明")
    organisation = OrganisationFactory(legal_representative=person)
    client = OrganisationFactory(name="另一家公司")
    MandateFactory(person=None, organisation=client, agent=person)
    MandateFactory(person=None, organisation=client, agent=person)
    MandateFactory(agent=person, scopes=["receive"])
    MandateFactory(agent=person, revoked_at=AT)
    MandateFactory(person=None, organisation=organisation, agent=person)
    choices = party_choices(person.user, AT)
    assert [(choice.ref, choice.relation) for choice in choices] == [
        (person.ref, "self"),
        (organisation.ref, "representative"),
        (client.ref, "agent"),
    ]
    assert choices[0].name == "赵晓明"
    assert parties_for(person.user, AT) == [person.ref, organisation.ref, client.ref]


def test_staff_without_a_person_apply_for_nobody():
    assert parties_for(MembershipFactory().user, AT) == []


@pytest.mark.parametrize("scope", MandateScope.values)
def test_the_principal_may_do_everything_and_a_stranger_nothing(scope):
    organisation = OrganisationFactory()
    representative = organisation.legal_representative
    assert can_act_for(representative.user, representative.ref, scope, AT)
    assert can_act_for(representative.user, organisation.ref, scope, AT)
    stranger = PersonFactory().user
    for user in (stranger, AnonymousUser()):
        assert not can_act_for(user, representative.ref, scope, AT)
        assert not can_act_for(user, organisation.ref, scope, AT)
        assert not is_principal(user, organisation.ref)


@pytest.mark.parametrize("scope", MandateScope.values)
def test_an_agent_may_do_what_the_mandate_says_while_it_is_in_force(scope):
    mandate = MandateFactory(scopes=[scope], valid_from=AT, valid_until=AT + timedelta(days=2))
    agent, principal = mandate.agent.user, mandate.principal
    for other in MandateScope.values:
        assert can_act_for(agent, principal, other, AT) == (other == scope)
    assert not can_act_for(agent, principal, scope, AT - TICK)
    assert not can_act_for(agent, principal, scope, AT + timedelta(days=2))
    assert not can_act_for(agent, PersonFactory().ref, scope, AT)
    mandate.revoked_at = AT + timedelta(days=1)
    mandate.save()
    assert can_act_for(agent, principal, scope, AT + timedelta(days=1) - TICK)
    assert not can_act_for(agent, principal, scope, AT + timedelta(days=1))


def test_a_mandate_of_a_person_is_none_of_the_organisation_with_the_same_id():
    organisation = OrganisationFactory()
    person = PersonFactory(pk=organisation.pk + 1000)
    same = OrganisationFactory(pk=person.pk)
    mandate = MandateFactory(person=person)
    assert can_act_for(mandate.agent.user, person.ref, "fill", AT)
    assert not can_act_for(mandate.agent.user, same.ref, "fill", AT)


def test_the_principal_is_told_first_then_agents_who_receive_each_once():
    organisation = OrganisationFactory()
    principal = organisation.legal_representative
    receiving = MandateFactory(person=None, organisation=organisation, scopes=["receive"]).agent
    MandateFactory(person=None, organisation=organisation, agent=receiving)
    MandateFactory(person=None, organisation=organisation, scopes=["fill"])
    MandateFactory(person=None, organisation=organisation, agent=principal)
    MandateFactory(person=None, organisation=organisation, agent=PersonFactory(user=None))
    assert users_behind(organisation.ref, AT) == [principal.user, receiving.user]
    assert users_behind(principal.ref, AT) == [principal.user]
    assert users_behind(PersonFactory(user=None).ref, AT) == []


def test_parties_are_found_by_reference():
    organisation = OrganisationFactory()
    person = organisation.legal_representative
    assert party(person.ref) == person
    assert party(organisation.ref) == organisation
    with pytest.raises(Person.DoesNotExist):
        party(PartyRef("person", 0))
    with pytest.raises(Organisation.DoesNotExist):
        party(PartyRef("organisation", 0))


def test_names_of_many_parties_cost_two_queries(django_assert_num_queries):
    organisations = OrganisationFactory.create_batch(3)
    refs = [*(each.ref for each in organisations), *(each.legal_representative.ref for each in organisations)]
    with django_assert_num_queries(2):
        names = names_of_parties(refs)
    assert set(names) == set(refs)
    assert names[organisations[0].ref] == organisations[0].name
    assert names_of_parties([]) == {}


def test_departments_are_found_by_code():
    department = DepartmentFactory(code="XF")
    assert department_by_code("XF") == department
    assert list(departments()) == [department]
    with pytest.raises(Department.DoesNotExist):
        department_by_code("NONE")


def test_mandates_are_listed_for_both_sides():
    past, current = MandateFactory(), None
    current = MandateFactory(person=past.person, agent=past.agent)
    past.valid_until = AT
    past.save()
    assert set(mandates_given_by(past.person.ref)) == {past, current}
    assert list(mandates_held_by(past.agent, AT)) == [current]


def test_clerks_look_up_and_administrators_appoint():
    clerk, admin = MembershipFactory(role=Role.CLERK).user, MembershipFactory(role=Role.ADMIN).user
    boss = UserFactory(is_superuser=True)
    assert [can_look_up_persons(user, AT) for user in (clerk, admin, AnonymousUser())] == [True, False, False]
    assert [can_appoint(user, AT) for user in (clerk, admin, boss)] == [False, True, True]


@pytest.mark.parametrize("text", ["person:12", "organisation:7"])
def test_a_reference_survives_its_text(text):
    assert str(PartyRef.parse(text)) == text


@pytest.mark.parametrize("text", ["", "person", "person:", "person:x", "person:-1", "department:1", "person:１２:3"])
def test_other_text_is_no_reference(text):
    with pytest.raises(ValueError, match="not a party"):
        PartyRef.parse(text)
