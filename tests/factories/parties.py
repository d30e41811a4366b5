"""Persons, organisations, departments, posts and mandates for tests. Numbers are valid and belong to nobody."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import factory
from stdnum.cn import uscc

from services.parties.enums import IdentityKind, MandateScope, OrganisationKind, OrganisationSource, Role, WindowKind
from services.parties.identity_numbers import check_character
from services.parties.models import Department, Hall, Mandate, Membership, Organisation, Person, Window
from services.parties.models.parties import id_index_of
from tests.factories.accounts import UserFactory

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def resident_id_number(number: int) -> str:
    """Return the `number`-th valid resident identity number, of somebody born between 1900 and 1910."""
    born = date(1900, 1, 1) + timedelta(days=number // 999 % 3650)
    first_17 = f"410105{born:%Y%m%d}{number % 999 + 1:03d}"
    return first_17 + check_character(first_17)


def credit_code(number: int, head: str = "91") -> str:
    """Return the `number`-th valid unified social credit code; `head` is 91 company, 92 individual, 11 department."""
    first_17 = f"{head}410100MB{number:07d}"
    return first_17 + uscc.calc_check_digit(first_17)


class PersonFactory(factory.django.DjangoModelFactory[Person]):
    """A person with a sign-in and a resident identity card; `user=None` for one without."""

    class Meta:
        model = Person

    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda number: f"李测{chr(0x4E00 + number % 2000)}")
    id_kind = IdentityKind.RESIDENT_ID
    id_number = factory.Sequence(resident_id_number)
    id_index = factory.LazyAttribute(lambda person: id_index_of(person.id_kind, person.id_number))
    mobile = factory.Sequence(lambda number: f"199{number:08d}")
    email = factory.LazyAttribute(lambda person: person.user.email if person.user else "")
    registered_at = LONG_AGO


class OrganisationFactory(factory.django.DjangoModelFactory[Organisation]):
    """A company from the register."""

    class Meta:
        model = Organisation

    name = factory.Sequence(lambda number: f"郑州测试{number}餐饮有限公司")
    uscc = factory.Sequence(credit_code)
    kind = OrganisationKind.COMPANY
    legal_representative = factory.SubFactory(PersonFactory)
    premises_address = "郑州市金水区测试街1号"
    registered_on = date(2024, 5, 20)
    source = OrganisationSource.REGISTRY
    recorded_at = LONG_AGO


class DepartmentFactory(factory.django.DjangoModelFactory[Department]):
    """A department; asked twice for one code, the same."""

    class Meta:
        model = Department
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda number: f"D{number}")
    name_zh = factory.LazyAttribute(lambda department: f"{department.code}测试局")
    name_en = factory.LazyAttribute(lambda department: f"{department.code} Test Bureau")
    uscc = factory.Sequence(lambda number: credit_code(number, "11"))
    division_code = "410100"
    phone = "0371-10009999"
    complaint_phone = "0371-20009999"


class HallFactory(factory.django.DjangoModelFactory[Hall]):
    """A hall of ZWB."""

    class Meta:
        model = Hall

    code = factory.Sequence(lambda number: f"hall-{number}")
    department = factory.SubFactory(DepartmentFactory, code="ZWB")
    name_zh = "测试大厅"
    name_en = "Test Hall"
    address_zh = "测试路1号"
    address_en = "1 Test Road"
    phone = "0371-10008888"
    hours_zh = "工作日 9:00–17:00"
    hours_en = "Working days 9:00–17:00"


class WindowFactory(factory.django.DjangoModelFactory[Window]):
    """A general window."""

    class Meta:
        model = Window

    hall = factory.SubFactory(HallFactory)
    number = factory.Sequence(lambda number: number + 1)
    kind = WindowKind.GENERAL
    name_zh = "综合窗口"
    name_en = "General window"
    all_departments = True


class MembershipFactory(factory.django.DjangoModelFactory[Membership]):
    """An open appointment: `MembershipFactory(department__code="XF", role="handler")`."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    department = factory.SubFactory(DepartmentFactory)
    role = Role.HANDLER
    since = LONG_AGO


class MandateFactory(factory.django.DjangoModelFactory[Mandate]):
    """A mandate with every scope, in force 2000 to 2100; `person=None, organisation=…` for a company's."""

    class Meta:
        model = Mandate

    person = factory.SubFactory(PersonFactory)
    agent = factory.SubFactory(PersonFactory)
    scopes = factory.LazyFunction(lambda: sorted(MandateScope.values))
    valid_from = LONG_AGO
    valid_until = datetime(2100, 1, 1, tzinfo=UTC)
    granted_at = LONG_AGO
