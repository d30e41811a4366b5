"""Questions about people, posts and parties. Instants are aware; a period holds its begin and not its end."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils import timezone

from services.parties.enums import MandateScope
from services.parties.models import Department, Hall, Mandate, Membership, Organisation, Person, Window
from services.parties.references import PartyRef, Post
from workflows.staffing import Posts

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User


@dataclass(frozen=True)
class PartyChoice:
    """A party she may apply as, and why."""

    ref: PartyRef
    name: str
    relation: Literal["self", "representative", "agent"]


def person_of(user: User | AnonymousUser) -> Person | None:
    """Return the person behind a sign-in; None for staff who never applied for anything, and for visitors."""
    return Person.objects.filter(user_id=user.pk).first() if user.pk else None


def posts_held(at: datetime | None = None) -> Posts:
    """Return which departments there are and which posts somebody holds at `at`, by default now."""
    held = Membership.objects.in_force(at or timezone.now()).filter(user__is_active=True)
    rows = held.values_list("department__code", "window__hall__department__code", "role").distinct()
    return Posts(
        departments=frozenset(Department.objects.values_list("code", flat=True)),
        held=frozenset((own or of_hall, role) for own, of_hall, role in rows),
    )


def posts_of(user: User | AnonymousUser, at: datetime) -> frozenset[Post]:
    """Return the posts she holds at `at`. A window's clerk holds the clerk's post of the hall's department."""
    if not user.is_active:
        return frozenset()
    held = Membership.objects.in_force(at).filter(user_id=user.pk)
    rows = held.values_list("department__code", "window__hall__department__code", "role")
    return frozenset(Post(own or hall, role) for own, hall, role in rows)


def users_in_post(department: str, role: str, at: datetime) -> QuerySet[User]:
    """Return the active users who hold a post at `at`, by department code and role."""
    held = appointments_to(department, role, at).values("user_id")
    return get_user_model().objects.filter(is_active=True, pk__in=held).order_by("pk")


def appointments_to(department: str, role: str, at: datetime) -> QuerySet[Membership]:
    """Return the appointments to a post in force at `at`, also of users who are not active."""
    at_department = Q(department__code=department) | Q(window__hall__department__code=department)
    return Membership.objects.in_force(at).filter(at_department, role=role)


def windows_of(user: User, at: datetime) -> QuerySet[Window]:
    """Return the windows she is clerk of at `at`."""
    return Window.objects.filter(pk__in=Membership.objects.in_force(at).filter(user=user).values("window_id"))


def parties_for(user: User | AnonymousUser, at: datetime) -> list[PartyRef]:
    """Return everyone she may apply as: herself, organisations she represents, principals by mandate to fill in."""
    return [choice.ref for choice in party_choices(user, at)]


def party_choices(user: User | AnonymousUser, at: datetime) -> list[PartyChoice]:
    """Return `parties_for` with names and reasons, herself first; each party once, by its strongest reason."""
    person = person_of(user)
    if person is None or not user.is_active:
        return []
    choices = [PartyChoice(person.ref, person.name, "self")]
    choices += [
        PartyChoice(organisation.ref, organisation.name, "representative")
        for organisation in person.represents.order_by("name", "pk")
    ]
    mandates = Mandate.objects.in_force(at).with_scope(MandateScope.FILL).filter(agent=person)
    for mandate in mandates.select_related("person", "organisation").order_by("pk"):
        principal = mandate.organisation or mandate.person
        if principal is not None and principal.ref not in {choice.ref for choice in choices}:
            choices.append(PartyChoice(principal.ref, principal.name, "agent"))
    return choices


def party(ref: PartyRef) -> Person | Organisation:
    """Return the party a reference names.

    Raises:
        Person.DoesNotExist, Organisation.DoesNotExist: nobody has this id.
    """
    if ref.kind == "person":
        return Person.objects.get(pk=ref.id)
    return Organisation.objects.select_related("legal_representative").get(pk=ref.id)


def names_of_parties(refs: Iterable[PartyRef]) -> dict[PartyRef, str]:
    """Return the names of many parties with at most two queries; for lists."""
    wanted = set(refs)
    names: dict[PartyRef, str] = {}
    persons = [ref.id for ref in wanted if ref.kind == "person"]
    organisations = [ref.id for ref in wanted if ref.kind == "organisation"]
    if persons:
        people = Person.objects.filter(pk__in=persons)
        names.update({PartyRef("person", pk): name for pk, name in people.values_list("pk", "name")})
    if organisations:
        bodies = Organisation.objects.filter(pk__in=organisations)
        names.update({PartyRef("organisation", pk): name for pk, name in bodies.values_list("pk", "name")})
    return names


def users_behind(ref: PartyRef, at: datetime) -> list[User]:
    """Return who is told about a party's matters, each once.

    The person, or the organisation's legal representative, comes first; then agents whose mandate includes receiving.
    The principal is always told, whoever filed. Each comes with her `person`, to be reached at.
    """
    principal = Q(person__pk=ref.id) if ref.kind == "person" else Q(person__represents__pk=ref.id)
    mandates = Mandate.objects.given_by(ref).in_force(at).with_scope(MandateScope.RECEIVE)
    active = get_user_model().objects.filter(is_active=True).select_related("person")
    first = list(active.filter(principal).distinct())
    agents = active.filter(person__in=mandates.values("agent_id")).exclude(pk__in=[user.pk for user in first])
    return first + list(agents.order_by("pk"))


def users_behind_each(refs: Iterable[PartyRef], at: datetime) -> dict[PartyRef, tuple[int, ...]]:
    """Return the ids of who is told about each of many parties' matters, as `users_behind`, in two queries."""
    wanted = set(refs)
    persons = {ref.id for ref in wanted if ref.kind == "person"}
    organisations = {ref.id for ref in wanted if ref.kind == "organisation"}
    told: dict[PartyRef, dict[int, None]] = {ref: {} for ref in sorted(wanted)}
    active = get_user_model().objects.filter(is_active=True).order_by("pk")
    principals = active.filter(Q(person__in=persons) | Q(person__represents__in=organisations)).distinct()
    for user, person, body in principals.values_list("pk", "person__pk", "person__represents__pk"):
        for ref in (PartyRef("person", person), PartyRef("organisation", body)):
            if ref in told:
                told[ref][user] = None
    agents = Mandate.objects.in_force(at).with_scope(MandateScope.RECEIVE).filter(agent__user__is_active=True)
    agents = agents.filter(Q(person__in=persons) | Q(organisation__in=organisations)).order_by("agent__user_id")
    for user, person, body in agents.values_list("agent__user_id", "person_id", "organisation_id"):
        told[PartyRef("organisation", body) if body is not None else PartyRef("person", person)][user] = None
    return {ref: tuple(users) for ref, users in told.items()}


def departments() -> QuerySet[Department]:
    """Return every department, in the order of lists."""
    return Department.objects.all()


def department_by_code(code: str) -> Department:
    """Return a department by its short name.

    Raises:
        Department.DoesNotExist: there is none.
    """
    return Department.objects.get(code=code)


def mandates_given_by(principal: PartyRef) -> QuerySet[Mandate]:
    """Return every mandate a principal gave, also past ones, newest first."""
    return Mandate.objects.given_by(principal).select_related("agent")


def mandates_held_by(person: Person, at: datetime) -> QuerySet[Mandate]:
    """Return the mandates in force by which a person acts for others."""
    return Mandate.objects.in_force(at).filter(agent=person).select_related("person", "organisation")


def halls_serving(department_ids: Collection[int]) -> list[tuple[Hall, tuple[Window, ...]]]:
    """Return the halls with the windows that serve one of these departments or every department; three queries."""
    found = []
    for hall in Hall.objects.prefetch_related("windows__departments"):
        windows = tuple(
            window
            for window in hall.windows.all()
            if window.all_departments or {one.pk for one in window.departments.all()} & set(department_ids)
        )
        if windows:
            found.append((hall, windows))
    return found
