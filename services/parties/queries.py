"""Questions about people, posts and parties. Instants are aware; a period holds its begin and not its end."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils import timezone

from services.parties.codes import hash_of_code
from services.parties.enums import MandateScope
from services.parties.identity_numbers import normalise_identity_number
from services.parties.models import (
    Act,
    Department,
    Guardianship,
    Hall,
    Mandate,
    MandateOffer,
    Membership,
    Organisation,
    Person,
    Window,
)
from services.parties.models.parties import id_indexes_of
from services.parties.permissions import is_guardian, is_principal
from services.parties.references import PartyRef, Post
from workflows.queries.together import Question, Sentence, answers
from workflows.staffing import Posts

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User


@dataclass(frozen=True)
class PartyChoice:
    """A party she may apply as, and why."""

    ref: PartyRef
    name: str
    relation: Literal["self", "representative", "guardian", "agent"]


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


#: The posts somebody holds, by her key and the instant: for `posts_in`.
POSTS: Question[tuple[str, str, str]] = Question(
    lambda user, at: (
        Membership.objects.in_force(at)
        .filter(user_id=user)
        .values_list("department__code", "window__hall__department__code", "role")
    )
)
#: The person on record behind a sign-in and the organisations she represents, by `user`, her key: for `own_parties_in`.
OWN_PARTIES: Sentence[tuple[Literal["person", "organisation"], int, str]] = Sentence(
    "select 'person', id, name from parties_person where user_id = %(user)s union all"
    " select 'organisation', o.id, o.name from parties_organisation o"
    " join parties_person p on p.id = o.legal_representative_id where p.user_id = %(user)s"
)


def posts_of(user: User | AnonymousUser, at: datetime) -> frozenset[Post]:
    """Return the posts she holds at `at`. A window's clerk holds the clerk's post of the hall's department."""
    if not user.is_active or user.pk is None:
        return frozenset()
    return posts_in(*answers(POSTS.about(user.pk, at)))


def posts_in(rows: Iterable[tuple[str, str, str]]) -> frozenset[Post]:
    """Return the posts out of the answer to `POSTS`; who asks looks whether her account is active."""
    return frozenset(Post(own or hall, role) for own, hall, role in rows)


def own_parties_in(rows: Iterable[tuple[Literal["person", "organisation"], int, str]]) -> dict[PartyRef, str]:
    """Return the parties somebody is herself, with their names, out of the answer to `OWN_PARTIES`."""
    return {PartyRef(kind, key): name for kind, key, name in rows}


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


def user_registered_with(id_kind: str, id_number: str) -> User | None:
    """Return the active sign-in of whoever is registered with an identity document; to tell her something, only."""
    number = normalise_identity_number(id_kind, id_number)
    person = Person.objects.filter(id_index__in=id_indexes_of(id_kind, number)).select_related("user").first()
    user = person.user if person else None
    return user if user is not None and user.is_active else None


def parties_for(
    user: User | AnonymousUser, at: datetime, scopes: Collection[MandateScope | str] = (MandateScope.FILL,)
) -> list[PartyRef]:
    """Return everyone she may act for: herself, organisations she represents, wards, principals by mandate.

    scopes: a mandate counts when it allows any of these.
    """
    return [choice.ref for choice in party_choices(user, at, scopes)]


def party_choices(
    user: User | AnonymousUser, at: datetime, scopes: Collection[MandateScope | str] = (MandateScope.FILL,)
) -> list[PartyChoice]:
    """Return `parties_for` with names and reasons, herself first; each party once, by its strongest reason."""
    person = person_of(user)
    if person is None or not user.is_active:
        return []
    choices = [PartyChoice(person.ref, person.name, "self")]
    choices += [
        PartyChoice(organisation.ref, organisation.name, "representative")
        for organisation in person.represents.order_by("name", "pk")
    ]
    wards = Guardianship.objects.in_force(at).filter(guardian=person).select_related("child").order_by("pk")
    choices += [PartyChoice(ward.child.ref, ward.child.name, "guardian") for ward in wards]
    mandates = Mandate.objects.in_force(at).filter(agent=person, scopes__overlap=[str(scope) for scope in scopes])
    for mandate in mandates.select_related("person", "organisation").order_by("pk"):
        principal = mandate.organisation or mandate.person
        if principal is not None and principal.ref not in {choice.ref for choice in choices}:
            choices.append(PartyChoice(principal.ref, principal.name, "agent"))
    return choices


@dataclass(frozen=True, kw_only=True)
class Acting:
    """In which relation somebody acts for a party. mandate_id: by which mandate, None unless by one."""

    party: PartyRef
    relation: Literal["self", "representative", "guardian", "agent", "none"]
    mandate_id: int | None = None

    @property
    def party_text(self) -> str:
        """The party's text form; "" when she acts for herself."""
        return "" if self.relation in ("self", "none") else str(self.party)

    @property
    def for_another(self) -> bool:
        """Whether the principal must be told: an agent acts, or one guardian of several."""
        return self.relation in ("agent", "guardian")


def acting_for(
    user: User, party: PartyRef, scope: MandateScope | str, at: datetime, *, own: Collection[PartyRef] | None = None
) -> Acting:
    """Return in which relation she acts for a party when she does what `scope` allows; "none" if she may not.

    own: the parties she is herself, if this request read them (`OWN_PARTIES`).
    """
    if is_principal(user, party) if own is None else party in own:
        return Acting(party=party, relation="self" if party.kind == "person" else "representative")
    if is_guardian(user, party, at):
        return Acting(party=party, relation="guardian")
    mandates = Mandate.objects.given_by(party).in_force(at).with_scope(scope).filter(agent__user_id=user.pk)
    mandate_id = mandates.order_by("pk").values_list("pk", flat=True).first()
    return Acting(party=party, relation="agent" if mandate_id else "none", mandate_id=mandate_id)


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

    The person, or the organisation's legal representative, comes first; then a child's guardians; then agents whose
    mandate includes receiving. The principal is always told, whoever filed. Each comes with her `person`, to be
    reached at.
    """
    first = principals_of(ref, at)
    mandates = Mandate.objects.given_by(ref).in_force(at).with_scope(MandateScope.RECEIVE)
    active = get_user_model().objects.filter(is_active=True).select_related("person")
    agents = active.filter(person__in=mandates.values("agent_id")).exclude(pk__in=[user.pk for user in first])
    return first + list(agents.order_by("pk"))


def principals_of(ref: PartyRef, at: datetime) -> list[User]:
    """Return the sign-ins of the principal itself: the person or legal representative, and a child's guardians."""
    active = get_user_model().objects.filter(is_active=True).select_related("person")
    if ref.kind == "organisation":
        return list(active.filter(person__represents__pk=ref.id).distinct())
    wards = Guardianship.objects.in_force(at).filter(child_id=ref.id)
    return list(active.filter(Q(person__pk=ref.id) | Q(person__in=wards.values("guardian_id"))).order_by("pk"))


def users_behind_each(
    refs: Iterable[PartyRef], at: datetime, *, scope: MandateScope | None = MandateScope.RECEIVE
) -> dict[PartyRef, tuple[int, ...]]:
    """Return the ids of who is told about each of many parties' matters, as `users_behind`, in three queries.

    scope: which agents are among them; None: all who act for the party in whatever way.
    """
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
    wards = Guardianship.objects.in_force(at).filter(child_id__in=persons, guardian__user__is_active=True)
    for user, child in wards.order_by("guardian__user_id").values_list("guardian__user_id", "child_id"):
        told[PartyRef("person", child)][user] = None
    mandates = Mandate.objects.in_force(at) if scope is None else Mandate.objects.in_force(at).with_scope(scope)
    agents = mandates.filter(agent__user__is_active=True)
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


def acts_in_name_of(principal: PartyRef) -> QuerySet[Act]:
    """Return what others did in a principal's name, the latest first."""
    return Act.objects.filter(**{f"{principal.kind}_id": principal.id}).select_related("by", "by__person", "mandate")


def guardianships_of(child: Person) -> QuerySet[Guardianship]:
    """Return a child's guardianships, also past ones."""
    return Guardianship.objects.filter(child=child).select_related("guardian")


def wards_of(person: Person, at: datetime) -> QuerySet[Guardianship]:
    """Return the guardianships in force by which a person acts for children."""
    return Guardianship.objects.in_force(at).filter(guardian=person).select_related("child").order_by("pk")


def offers_by(principal: PartyRef) -> QuerySet[MandateOffer]:
    """Return the mandates a principal offered, the latest first."""
    return MandateOffer.objects.filter(**{f"{principal.kind}_id": principal.id}).select_related("offered_by")


def offers_waiting_for(person: Person, at: datetime) -> list[MandateOffer]:
    """Return the offers that wait for a person whose number the principal knew, the latest first."""
    mine = MandateOffer.objects.filter(id_index__in=id_indexes_of(person.id_kind, person.id_number), name=person.name)
    open_ones = mine.filter(mandate=None, declined_at=None, revoked_at=None, expires_at__gt=at, valid_until__gt=at)
    return list(open_ones.select_related("person", "organisation"))


def offer_by_code(code: str) -> MandateOffer | None:
    """Return the offer a link or a code leads to; None for a code nobody was given."""
    rows = MandateOffer.objects.select_related("person", "organisation", "offered_by")
    return rows.filter(code_hash=hash_of_code(code)).first()
