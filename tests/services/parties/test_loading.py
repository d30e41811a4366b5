"""The demo's departments and people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import yaml
from django.core.management import call_command
from stdnum.cn import uscc

from portal.accounts.models import User
from portal.management.commands.load_people import DEMO_PEOPLE
from services.parties.enums import Role
from services.parties.models import Department, Hall, Mandate, Membership, Organisation, Person, Window
from services.parties.operations import load_departments, load_people
from services.parties.queries import party_choices, posts_of, users_in_post
from services.parties.references import Post

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 9, 1, tzinfo=UTC)
MODELS = (User, Person, Organisation, Department, Hall, Window, Membership, Mandate)


def demo() -> dict[str, object]:
    """The demo with the staff of one department instead of all: the others are made by the same lines."""
    people = yaml.safe_load(DEMO_PEOPLE.read_text(encoding="utf-8"))
    people["departments_staff"]["sign_ins"] = {"XF": "fire"}
    return people


def test_departments_are_loaded_with_valid_codes_and_both_names():
    load_departments(at=AT)
    assert {"ZWB", "SCJG", "XF", "CGJ", "GA", "BANK"} <= set(Department.objects.values_list("code", flat=True))
    for department in Department.objects.all():
        assert uscc.is_valid(department.uscc)
        assert department.name_zh
        assert department.name_en.isascii()
    assert Department.objects.first().code == "ZWB"


def test_a_changed_department_is_updated():
    load_departments(at=AT)
    Department.objects.filter(code="XF").update(name_en="Old name")
    load_departments(at=LATER)
    assert Department.objects.get(code="XF").name_en == "Zhengzhou Fire and Rescue Brigade"


def test_loading_people_twice_changes_nothing():
    load_people(people=demo(), at=AT)
    User.objects.filter(username="owner").update(language="en")
    first = [list(model.objects.order_by("pk").values_list("pk", flat=True)) for model in MODELS]
    load_people(people=demo(), at=LATER)
    assert first == [list(model.objects.order_by("pk").values_list("pk", flat=True)) for model in MODELS]
    assert User.objects.get(username="owner").language == "en"


def test_every_role_has_somebody_and_fire_has_four_different_people():
    load_people(people=demo(), at=AT)
    assert set(Membership.objects.values_list("role", flat=True)) == set(Role.values)
    four = [users_in_post("XF", role, AT).get() for role in ("handler", "checker", "approver", "head")]
    assert [user.username for user in four] == ["fire-handler", "fire-checker", "fire-approver", "fire-head"]
    assert len({user.name for user in four}) == 4
    assert users_in_post("ZWB", "clerk", AT).count() == 2


def test_a_window_clerk_holds_the_clerks_post_of_the_hall():
    load_people(people=demo(), at=AT)
    assert posts_of(User.objects.get(username="clerk"), AT) == {Post("ZWB", "clerk")}


def test_the_agent_may_apply_for_the_company_and_the_founder():
    load_people(people=demo(), at=AT)
    choices = party_choices(User.objects.get(username="agent"), AT)
    assert [(choice.name, choice.relation) for choice in choices] == [
        ("赵晓明", "self"),
        ("郑州老街坊餐饮管理有限公司（演示）", "agent"),
        ("李雯", "agent"),
    ]


def test_the_command_lets_demo_people_sign_in():
    call_command("load_people")
    assert Membership.objects.filter(role=Role.APPROVER).values("department").distinct().count() == 26
    for username in ("owner", "clerk", "food-handler", "fire-approver", "admin"):
        user = User.objects.get(username=username)
        assert user.check_password("one-stop-demo")
        assert user.emailaddress_set.get().verified


def test_nobody_in_the_demo_was_born_after_1911():
    load_people(people=demo(), at=AT)
    assert all(
        person.born_on is not None and person.born_on.year < 1912 for person in Person.objects.exclude(user=None)
    )
