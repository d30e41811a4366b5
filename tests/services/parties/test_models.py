"""What the database itself refuses."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from services.parties.enums import Role
from services.parties.models import Department, Mandate, Membership, Organisation, Person
from tests.factories.accounts import UserFactory
from tests.factories.parties import (
    LONG_AGO,
    DepartmentFactory,
    HallFactory,
    MandateFactory,
    MembershipFactory,
    OrganisationFactory,
    PersonFactory,
    WindowFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("factory", "model", "values", "name"),
    [
        (PersonFactory, Person, {"name": ""}, "person_has_name"),
        (PersonFactory, Person, {"id_kind": "99"}, "person_id_kind_is_known"),
        (OrganisationFactory, Organisation, {"name": ""}, "organisation_has_name"),
        (OrganisationFactory, Organisation, {"uscc": "91410100MI0000007G"}, "organisation_uscc_has_its_form"),
        (OrganisationFactory, Organisation, {"kind": "club"}, "organisation_kind_is_known"),
        (DepartmentFactory, Department, {"code": "xf"}, "department_code_has_its_form"),
        (DepartmentFactory, Department, {"uscc": "short"}, "department_uscc_has_its_form"),
        (DepartmentFactory, Department, {"complaint_phone": "0371-10009999"}, "department_phones_differ"),
        (MembershipFactory, Membership, {"department": None}, "membership_of_department_or_window"),
        (MembershipFactory, Membership, {"role": "king"}, "membership_role_is_known"),
        (MembershipFactory, Membership, {"until": LONG_AGO}, "membership_ends_after_it_begins"),
        (MandateFactory, Mandate, {"person": None}, "mandate_has_one_principal"),
        (MandateFactory, Mandate, {"scopes": []}, "mandate_scopes_are_known"),
        (MandateFactory, Mandate, {"scopes": ["steal"]}, "mandate_scopes_are_known"),
        (MandateFactory, Mandate, {"valid_until": LONG_AGO}, "mandate_ends_after_it_begins"),
    ],
)
def test_the_database_refuses(factory, model, values, name):
    row = factory()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        model.objects.filter(pk=row.pk).update(**values)


def test_nobody_gives_herself_a_mandate():
    mandate = MandateFactory()
    with pytest.raises(IntegrityError, match="mandate_is_to_somebody_else"), transaction.atomic():
        Mandate.objects.update(agent=mandate.person)


def test_a_post_is_held_once_and_again_after_it_ended():
    membership = MembershipFactory(department__code="XF", role=Role.HANDLER)
    with pytest.raises(IntegrityError, match="membership_is_held_once"), transaction.atomic():
        MembershipFactory(user=membership.user, department=membership.department, role=Role.HANDLER)
    window = WindowFactory()
    MembershipFactory(user=membership.user, department=None, window=window, role=Role.CLERK)
    with pytest.raises(IntegrityError, match="membership_is_held_once"), transaction.atomic():
        MembershipFactory(user=membership.user, department=None, window=window, role=Role.CLERK)


def test_a_breach_is_explained_in_words():
    mandate = MandateFactory()
    mandate.valid_until = mandate.valid_from
    with pytest.raises(ValidationError, match="A mandate must end after it begins"):
        mandate.full_clean()


def test_window_numbers_are_unique_within_a_hall():
    hall = HallFactory()
    WindowFactory(hall=hall, number=1)
    WindowFactory(number=1)
    with pytest.raises(IntegrityError, match="window_number_is_unique_in_hall"), transaction.atomic():
        WindowFactory(hall=hall, number=1)


@pytest.mark.parametrize(
    ("factory", "name"),
    [
        (PersonFactory, "person"),
        (OrganisationFactory, "organisation"),
        (DepartmentFactory, "department"),
        (HallFactory, "hall"),
        (WindowFactory, "window"),
        (MembershipFactory, "membership"),
        (MandateFactory, "mandate"),
    ],
)
def test_the_admin_shows_rows_masked_and_deletes_none(factory, name):
    row = factory()
    client = Client()
    client.force_login(
        UserFactory(is_staff=True, is_superuser=True), backend="django.contrib.auth.backends.ModelBackend"
    )
    for page in (
        reverse(f"admin:parties_{name}_changelist"),
        reverse(f"admin:parties_{name}_change", args=[row.pk]),
    ):
        answer = client.get(page)
        assert answer.status_code == 200
        if name == "person":
            assert row.id_number not in answer.content.decode()
            assert row.mobile not in answer.content.decode()
    assert client.post(reverse(f"admin:parties_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert str(row)
