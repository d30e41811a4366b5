"""Registering people and organisations, posts and mandates."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, connections, transaction

from services.access.models import AccessLog
from services.access.queries import accesses_to
from services.parties.enums import IdentityKind, MandateScope, OrganisationKind, OrganisationSource, Role
from services.parties.models import Mandate, Membership, Organisation, Person
from services.parties.operations import (
    AppointmentRefusedError,
    LookupLimitError,
    MandateRefusedError,
    OrganisationAlreadyRegisteredError,
    PersonAlreadyRegisteredError,
    appoint,
    change_contact,
    change_legal_representative,
    connect_user,
    end_appointment,
    find_person,
    grant_mandate,
    register_organisation,
    register_person,
    reveal_id_number,
    revoke_mandate,
)
from services.parties.operations.persons import LOOKUP_PURPOSE, LOOKUPS_PER_HOUR
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
NUMBER = "410105190306120085"


def clerk():
    return MembershipFactory(department=None, window=WindowFactory(), role=Role.CLERK).user


def admin():
    return MembershipFactory(role=Role.ADMIN).user


def register(**changes):
    values = {"name": "李雯", "id_kind": "31", "id_number": NUMBER, "mobile": "19900000001", "by": None, "at": AT}
    return register_person(**(values | changes))


def test_a_registered_person_is_stored_in_normal_form():
    user = UserFactory()
    person = register(name=" 李雯 ", id_number="4101 0519 0306 1200 85", mobile="+8619900000001", user=user, by=user)
    person = Person.objects.get(pk=person.pk)
    assert (person.name, person.id_number, person.mobile, person.user) == ("李雯", NUMBER, "19900000001", user)
    assert person.born_on == date(1903, 6, 12)
    assert (str(person), person.masked_id_number, person.masked_mobile) == ("李*", "410***********0085", "199****0001")


def test_a_passport_holder_gives_the_birth_date_or_not():
    person = register(id_kind=IdentityKind.PASSPORT, id_number="P0000001X", birth_date=date(1908, 3, 5), mobile="")
    assert person.born_on == date(1908, 3, 5)
    other = register(id_kind=IdentityKind.PASSPORT, id_number="P0000002X")
    assert other.born_on is None


def test_the_birth_date_of_a_resident_is_the_numbers():
    assert register(birth_date=date(1980, 1, 1)).born_on == date(1903, 6, 12)


def test_every_wrong_field_is_named_at_once():
    with pytest.raises(ValidationError) as caught:
        register(name="", id_number="1", mobile="1")
    assert caught.value.message_dict.keys() == {"name", "id_number", "mobile"}
    assert not Person.objects.exists()


def test_a_birth_date_counts_as_future_by_the_citys_day():
    almost_midnight = datetime(1903, 6, 11, 15, 59, tzinfo=UTC)
    with pytest.raises(ValidationError, match="future"):
        register(at=almost_midnight)
    assert register(at=almost_midnight + timedelta(hours=9))


def test_a_document_is_registered_once_whatever_the_spelling():
    register()
    with pytest.raises(PersonAlreadyRegisteredError):
        register(name="王五", id_number=" 41010519030612 0085")
    assert register(id_kind=IdentityKind.PASSPORT, id_number="410105190306")


def test_a_document_indexed_under_an_old_key_is_still_known(settings):
    register()
    keys = settings.FIELD_KEYS
    settings.FIELD_KEYS = keys | {
        "index": "bmV3LWluZGV4LWtleS1vZi0zMi1ieXRlcy1sb25nISE=",
        "old_indexes": [keys["index"]],
    }
    with pytest.raises(PersonAlreadyRegisteredError):
        register()
    assert find_person(id_kind="31", id_number=NUMBER, by=clerk(), at=AT) == Person.objects.get()


@pytest.mark.django_db(transaction=True)
def test_two_registrations_of_one_document_at_the_same_instant_make_one_person():
    barrier, results = threading.Barrier(4), []

    def attempt() -> None:
        barrier.wait()
        try:
            results.append(register())
        except PersonAlreadyRegisteredError as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Person.objects.count() == 1
    assert sorted(type(result).__name__ for result in results) == ["Person"] + ["PersonAlreadyRegisteredError"] * 3


def test_one_sign_in_stands_for_one_person():
    user = PersonFactory().user
    with pytest.raises(IntegrityError), transaction.atomic():
        register(user=user, by=user)


def test_only_herself_a_clerk_or_the_system_registers_a_person():
    with pytest.raises(PermissionDenied):
        register(by=UserFactory())
    assert register(by=clerk()).user is None


def test_a_clerk_connects_a_walk_in_person_with_her_sign_in():
    person, user, by = PersonFactory(user=None), UserFactory(), clerk()
    connect_user(person=person, user=user, by=by, at=AT)
    person.refresh_from_db()
    assert person.user == user
    assert accesses_to("person", person.pk).get().reader == by
    with pytest.raises(ValidationError, match="already has"):
        connect_user(person=person, user=UserFactory(), by=by, at=AT)
    with pytest.raises(ValidationError, match="somebody else"):
        connect_user(person=PersonFactory(user=None), user=user, by=by, at=AT)


def test_nobody_connects_herself_to_a_person():
    by = clerk()
    for user, actor in ((UserFactory(), UserFactory()), (by, by)):
        with pytest.raises(PermissionDenied):
            connect_user(person=PersonFactory(user=None), user=user, by=actor, at=AT)


def test_a_mobile_number_is_changed_by_herself_or_a_clerk():
    person = PersonFactory()
    assert change_contact(person=person, mobile="+44 7700 900001", by=person.user, at=AT).mobile == "+447700900001"
    assert change_contact(person=person, mobile="", by=clerk(), at=AT).mobile == ""
    with pytest.raises(PermissionDenied):
        change_contact(person=person, mobile="19900000009", by=UserFactory(), at=AT)
    with pytest.raises(ValidationError):
        change_contact(person=person, mobile="1", by=person.user, at=AT)


def test_a_look_up_is_recorded_found_or_not():
    person, by = PersonFactory(id_number=NUMBER), clerk()
    assert find_person(id_kind="31", id_number=f" {NUMBER}", case_ref="X-1", by=by, at=AT) == person
    assert find_person(id_kind="31", id_number="410103190503182012", by=by, at=AT) is None
    rows = AccessLog.objects.order_by("pk").values_list("subject_id", "case_ref", "allowed", "purpose")
    assert list(rows) == [(str(person.pk), "X-1", True, LOOKUP_PURPOSE), ("", "", True, LOOKUP_PURPOSE)]
    assert NUMBER not in str(list(AccessLog.objects.values()))


def test_a_look_up_by_anybody_else_is_refused_and_recorded():
    PersonFactory(id_number=NUMBER)
    for by in (UserFactory(), MembershipFactory(role=Role.HANDLER).user, admin()):
        with pytest.raises(PermissionDenied):
            find_person(id_kind="31", id_number=NUMBER, by=by, at=AT)
    assert list(AccessLog.objects.values_list("allowed", "subject_id")) == [(False, "")] * 3


def test_look_ups_are_limited_within_an_hour():
    by = clerk()
    for _ in range(LOOKUPS_PER_HOUR):
        find_person(id_kind="31", id_number=NUMBER, by=by, at=AT)
    with pytest.raises(LookupLimitError):
        find_person(id_kind="31", id_number=NUMBER, by=by, at=AT + timedelta(minutes=59))
    assert find_person(id_kind="31", id_number=NUMBER, by=by, at=AT + timedelta(minutes=121)) is None


def test_a_full_number_is_shown_for_a_reason_and_recorded():
    person, by = PersonFactory(id_number=NUMBER), clerk()
    assert reveal_id_number(person=person, purpose="compare with the card", by=by, at=AT) == NUMBER
    assert reveal_id_number(person=person, purpose="my own", by=person.user, at=AT) == NUMBER
    with pytest.raises(PermissionDenied):
        reveal_id_number(person=person, purpose="curiosity", by=UserFactory(), at=AT)
    assert list(accesses_to("person", person.pk).order_by("pk").values_list("purpose", "allowed")) == [
        ("compare with the card", True),
        ("my own", True),
        ("curiosity", False),
    ]


def register_company(**changes):
    values = {
        "name": "郑州测试餐饮有限公司",
        "uscc": "91410100MA0000007G",
        "kind": OrganisationKind.COMPANY,
        "source": OrganisationSource.CASE,
        "by": None,
        "at": AT,
    }
    return register_organisation(**(values | {"legal_representative": PersonFactory()} | changes))


def test_an_organisation_is_registered_once():
    first = register_company(uscc="9141 0100 ma00 0000 7g", premises_address="演示街8号", registered_on=AT.date())
    assert first.uscc == "91410100MA0000007G"
    with pytest.raises(OrganisationAlreadyRegisteredError) as caught:
        register_company()
    assert caught.value.organisation == first
    assert caught.value.message_dict.keys() == {"uscc"}


@pytest.mark.parametrize("changes", [{"uscc": "91410100MA0000007H"}, {"name": "  "}])
def test_wrong_facts_of_an_organisation_are_refused(changes):
    with pytest.raises(ValidationError):
        register_company(**changes)


@pytest.mark.django_db(transaction=True)
def test_two_registrations_of_one_code_at_the_same_instant_make_one_organisation():
    person, barrier, results = PersonFactory(), threading.Barrier(3), []

    def attempt() -> None:
        barrier.wait()
        try:
            results.append(register_company(legal_representative=person))
        except OrganisationAlreadyRegisteredError as error:
            results.append(error.organisation)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [Organisation.objects.get()] * 3


def test_only_the_representative_declares_an_organisation():
    person = PersonFactory()
    declared = {"legal_representative": person, "source": OrganisationSource.DECLARED}
    with pytest.raises(PermissionDenied):
        register_company(**declared, by=UserFactory())
    assert register_company(**declared, by=person.user).ref.kind == "organisation"


def test_a_new_representative_takes_over():
    organisation, person = OrganisationFactory(), PersonFactory()
    change_legal_representative(organisation=organisation, legal_representative=person, by=None, at=AT)
    organisation.refresh_from_db()
    assert organisation.legal_representative == person


def test_an_appointment_begins_and_ends():
    department, user, by = DepartmentFactory(code="XF"), UserFactory(), admin()
    membership = appoint(user=user, role=Role.HANDLER, department=department, by=by, at=AT)
    assert (membership.since, membership.until, membership.appointed_by) == (AT, None, by)
    assert appoint(user=user, role=Role.HANDLER, department=department, by=by, at=AT) == membership
    ended = end_appointment(membership=membership, by=by, at=AT + timedelta(days=1))
    assert ended.until == AT + timedelta(days=1)
    assert end_appointment(membership=membership, by=by, at=AT + timedelta(days=2)).until == ended.until
    again = appoint(user=user, role=Role.HANDLER, department=department, by=by, at=AT + timedelta(days=3))
    assert again != membership
    with pytest.raises(AppointmentRefusedError):
        end_appointment(membership=again, by=by, at=again.since)


def test_a_clerk_is_appointed_to_a_window_and_nobody_else_is():
    window, user = WindowFactory(), UserFactory()
    assert appoint(user=user, role=Role.CLERK, window=window, by=None, at=AT).window == window
    for place in ({"window": window}, {}, {"window": window, "department": DepartmentFactory()}):
        with pytest.raises(AppointmentRefusedError):
            appoint(user=UserFactory(), role=Role.HANDLER, by=None, at=AT, **place)
    with pytest.raises(AppointmentRefusedError, match="after it begins"):
        appoint(user=user, role=Role.CHECKER, department=DepartmentFactory(), until=AT, by=None, at=AT)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
@pytest.mark.parametrize("other", [Role.HANDLER, Role.AUDITOR, Role.ADMIN])
def test_administrators_and_auditors_hold_no_other_role(role, other):
    if role == other:
        return
    department = DepartmentFactory()
    for first, second in ((role, other), (other, role)):
        user = MembershipFactory(role=first, department=department).user
        with pytest.raises(AppointmentRefusedError, match="no other role"):
            appoint(user=user, role=second, department=department, by=None, at=AT)
    assert Membership.objects.count() == 2


def test_a_former_handler_may_become_auditor():
    membership = MembershipFactory(role=Role.HANDLER, until=AT)
    assert appoint(user=membership.user, role=Role.AUDITOR, department=membership.department, by=None, at=AT)


def test_only_administrators_appoint_and_never_themselves():
    department, by = DepartmentFactory(), admin()
    head = MembershipFactory(role=Role.HEAD, department=department).user
    for user, actor in ((UserFactory(), head), (UserFactory(), UserFactory()), (by, by)):
        with pytest.raises(PermissionDenied):
            appoint(user=user, role=Role.CHECKER, department=department, by=actor, at=AT)
    with pytest.raises(PermissionDenied):
        end_appointment(membership=MembershipFactory(), by=head, at=AT)


def grant(**changes):
    values = {
        "scopes": [MandateScope.FILL],
        "valid_from": AT,
        "valid_until": AT + timedelta(days=365),
        "by": None,
        "at": AT,
    }
    return grant_mandate(**(values | changes))


def test_the_principal_or_the_representative_gives_a_mandate():
    person, organisation, agent = PersonFactory(), OrganisationFactory(), PersonFactory()
    mandate = grant(principal=person.ref, agent=agent, scopes=["sign", "fill", "fill"], by=person.user)
    assert (mandate.principal, mandate.principal_kind, mandate.principal_id) == (person.ref, "person", person.pk)
    assert mandate.scopes == ["fill", "sign"]
    mandate = grant(principal=organisation.ref, agent=agent, by=organisation.legal_representative.user)
    assert (mandate.principal_kind, mandate.principal_id) == ("organisation", organisation.pk)


def test_agents_and_strangers_give_no_mandate():
    mandate = MandateFactory()
    for by in (mandate.agent.user, UserFactory()):
        with pytest.raises(PermissionDenied):
            grant(principal=mandate.principal, agent=PersonFactory(), by=by)
    organisation = OrganisationFactory()
    with pytest.raises(PermissionDenied):
        grant(principal=organisation.ref, agent=PersonFactory(), by=mandate.person.user)


def test_a_senseless_mandate_is_refused():
    person, agent = PersonFactory(), PersonFactory()
    good = {"principal": person.ref, "agent": agent}
    for wrong in (
        {"scopes": []},
        {"agent": person},
        {"valid_until": AT},
        {"valid_from": AT + timedelta(days=2), "valid_until": AT + timedelta(days=1)},
    ):
        with pytest.raises(MandateRefusedError):
            grant(**(good | wrong))
    with pytest.raises(ValueError, match="steal"):
        grant(**good, scopes=["steal"])
    assert not Mandate.objects.exists()


def test_a_mandate_is_revoked_by_the_principal_or_laid_down_by_the_agent():
    for actor in ("person", "agent"):
        mandate = MandateFactory()
        by = getattr(mandate, actor).user
        with pytest.raises(PermissionDenied):
            revoke_mandate(mandate=mandate, by=UserFactory(), at=AT)
        revoked = revoke_mandate(mandate=mandate, by=by, at=AT)
        assert (revoked.revoked_at, revoked.revoked_by) == (AT, by)
        assert revoke_mandate(mandate=mandate, by=by, at=AT + timedelta(days=1)).revoked_at == AT


def test_no_personal_number_stands_in_plain_text_in_any_table():
    mobile = "19912345678"
    user = UserFactory()
    person = register(user=user, by=user, mobile=mobile)
    by = clerk()
    find_person(id_kind="31", id_number=NUMBER, by=by, at=AT)
    reveal_id_number(person=person, purpose="compare", by=by, at=AT)
    secrets = {NUMBER, mobile, "19030612", "1903-06-12"}
    forms = [form for secret in secrets for form in (secret.encode(), secret.encode().hex().encode())]
    dump = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'select coalesce(string_agg(t::text, chr(10)), chr(32)) from "{table}" t')
            dump[table] = cursor.fetchone()[0].encode()
    assert "李雯".encode() in dump["parties_person"]
    assert dump["access_accesslog"].count(b"find a person") == 1
    assert not [table for table, content in dump.items() for form in forms if form in content]
