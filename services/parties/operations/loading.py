"""Loading departments, halls and people from files. Run twice, it changes nothing the second time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import transaction

from services.parties.enums import GuardianshipSource
from services.parties.identity_numbers import check_uscc
from services.parties.models import Department, Hall, Mandate, Organisation, Person, Window
from services.parties.models.parties import id_indexes_of
from services.parties.operations.guardians import record_guardianship
from services.parties.operations.mandates import grant_mandate
from services.parties.operations.organisations import register_organisation
from services.parties.operations.persons import register_person
from services.parties.operations.posts import appoint
from services.parties.references import PartyRef

if TYPE_CHECKING:
    from portal.accounts.models import User

DEPARTMENTS_FILE = Path(__file__).resolve().parents[1] / "data" / "departments.yaml"
_NOT_COLUMNS = frozenset({"departments"})


@transaction.atomic
def load_departments(*, data: Mapping[str, Any] | None = None, at: datetime) -> list[Department]:
    """Create or update the departments.

    Args:
        data: `departments`, a list of column values, beside values that hold for every department which does not give
            its own; None reads this app's `data/departments.yaml`.
        at: when; departments keep no times, other loaders do.

    Raises:
        IdentityNumberError: a code of credit is wrong.
        ValidationError: a row breaks a rule of the model.
    """
    if data is None:
        data = yaml.safe_load(DEPARTMENTS_FILE.read_text(encoding="utf-8"))
    common = {key: value for key, value in data.items() if key not in _NOT_COLUMNS}
    return [_load_department(position, {**common, **row}) for position, row in enumerate(data["departments"])]


def _load_department(position: int, row: dict[str, Any]) -> Department:
    department = Department.objects.filter(code=row["code"]).first() or Department()
    for column, value in {**row, "uscc": check_uscc(row["uscc"]), "position": position}.items():
        setattr(department, column, value)
    department.full_clean()
    department.save()
    return department


@transaction.atomic
def load_people(*, people: Mapping[str, Any], at: datetime) -> list[User]:
    """Create what is missing of halls, windows, sign-ins, persons, appointments, organisations and mandates.

    Departments are loaded first. What exists is left as it is, so that a changed password or telephone number stays.

    Args:
        people: see `portal/demo/people.yaml`, whose head describes the form.
        at: when appointments and mandates begin.

    Returns:
        The sign-ins named in the data, new and old.
    """
    load_departments(at=at)
    for hall in people.get("halls", []):
        _load_hall(hall)
    rows = [*people.get("staff", []), *_staff_of_departments(people.get("departments_staff", {}))]
    password = make_password(people["password"])  # once: the deliberate slowness of a hash, times a hundred people
    users = [_load_staff(row, password, at) for row in rows]
    users += [_load_citizen(row, password, at) for row in people.get("citizens", [])]
    for row in people.get("organisations", []):
        _load_organisation(row, at)
    for row in people.get("wards", []):
        _load_ward(row, at)
    for row in people.get("mandates", []):
        _load_mandate(row, at)
    return users


def _load_hall(row: Mapping[str, Any]) -> None:
    columns = {key: value for key, value in row.items() if key not in {"code", "department", "windows"}}
    department = Department.objects.get(code=row["department"])
    hall, _ = Hall.objects.get_or_create(code=row["code"], defaults={**columns, "department": department})
    for entry in row["windows"]:
        values = {key: value for key, value in entry.items() if key not in {"number", "departments"}}
        window, new = Window.objects.get_or_create(hall=hall, number=entry["number"], defaults=values)
        if new:
            window.departments.set(Department.objects.filter(code__in=entry.get("departments", [])))


def _staff_of_departments(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Spell out `departments_staff`: for each department one sign-in per role, named like `fire-handler`."""
    return [
        {
            "username": f"{prefix}-{role}",
            "name": data["names"][(number * len(data["roles"]) + index) % len(data["names"])],
            "posts": [{"department": code, "role": role}],
        }
        for number, (code, prefix) in enumerate(data.get("sign_ins", {}).items())
        for index, role in enumerate(data["roles"])
    ]


def _load_user(row: Mapping[str, Any], password: str) -> User:
    users = get_user_model().objects
    values = {"name": row["name"], "language": row.get("language", "zh-hans"), "is_staff": row.get("is_staff", False)}
    email = row.get("email", f"{row['username']}@one-stop.example")
    user, _ = users.get_or_create(username=row["username"], defaults={**values, "email": email, "password": password})
    return user


def _load_staff(row: Mapping[str, Any], password: str, at: datetime) -> User:
    user = _load_user(row, password)
    for post in row["posts"]:
        if "window" in post:
            window = Window.objects.get(hall__code=post["hall"], number=post["window"])
            appoint(user=user, role=post["role"], window=window, by=None, at=at)
        else:
            department = Department.objects.get(code=post["department"])
            appoint(user=user, role=post["role"], department=department, by=None, at=at)
    return user


def _load_citizen(row: Mapping[str, Any], password: str, at: datetime) -> User:
    user = _load_user(row, password)
    if not Person.objects.filter(id_index__in=id_indexes_of(row["id_kind"], row["id_number"])).exists():
        register_person(
            name=row["name"],
            id_kind=row["id_kind"],
            id_number=row["id_number"],
            birth_date=row.get("birth_date"),
            mobile=row["mobile"],
            email=user.email,
            user=user,
            by=None,
            at=at,
        )
    return user


def _load_ward(row: Mapping[str, Any], at: datetime) -> None:
    """Register a child, and its guardian from the entry of the household register."""
    said = {name: row[name] for name in ("name", "id_kind", "id_number", "birth_date")}
    known = Person.objects.filter(id_index__in=id_indexes_of(row["id_kind"], row["id_number"])).first()
    record_guardianship(
        child=known or register_person(**said, by=None, at=at),
        guardian=Person.objects.get(user__username=row["guardian"]),
        source=GuardianshipSource.REGISTER,
        evidence=row["evidence"],
        by=None,
        at=at,
    )


def _load_organisation(row: Mapping[str, Any], at: datetime) -> None:
    if Organisation.objects.filter(uscc=row["uscc"]).exists():
        return
    representative = Person.objects.get(user__username=row["legal_representative"])
    register_organisation(**{**row, "legal_representative": representative}, by=None, at=at)


def _load_mandate(row: Mapping[str, Any], at: datetime) -> None:
    if "organisation" in row:
        principal = Organisation.objects.get(uscc=row["organisation"]).ref
    else:
        principal = PartyRef("person", Person.objects.get(user__username=row["person"]).pk)
    agent = Person.objects.get(user__username=row["agent"])
    if not Mandate.objects.given_by(principal).in_force(at).filter(agent=agent).exists():
        valid_until = at.replace(year=at.year + row["years"], day=min(at.day, 28))
        grant_mandate(
            principal=principal,
            agent=agent,
            scopes=row["scopes"],
            valid_from=at,
            valid_until=valid_until,
            by=None,
            at=at,
        )
