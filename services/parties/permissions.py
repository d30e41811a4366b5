"""May she act for a party, give a mandate, look somebody up, appoint?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from services.parties.enums import MandateScope, Role
from services.parties.models import Guardianship, Mandate, Membership, Organisation, Person
from services.parties.references import PartyRef

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from portal.accounts.models import User


def is_principal(user: User | AnonymousUser, party: PartyRef) -> bool:
    """Return whether she is the person, or the organisation's legal representative or operator."""
    if not user.is_active:
        return False
    if party.kind == "person":
        return Person.objects.filter(pk=party.id, user_id=user.pk).exists()
    return Organisation.objects.filter(pk=party.id, legal_representative__user_id=user.pk).exists()


def is_guardian(user: User | AnonymousUser, party: PartyRef, at: datetime) -> bool:
    """Return whether she is the guardian of a child that is not of age yet (Civil Code art. 23)."""
    if not user.is_active or user.pk is None or party.kind != "person":
        return False
    return Guardianship.objects.in_force(at).filter(child_id=party.id, guardian__user_id=user.pk).exists()


def can_act_for(
    user: User | AnonymousUser,
    party: PartyRef,
    scope: MandateScope | str,
    at: datetime,
    *,
    own: Collection[PartyRef] | None = None,
) -> bool:
    """Return whether she may do this for a party: herself, as legal representative, guardian, or by a mandate.

    own: the parties she is herself, if this request read them (`services.parties.queries.OWN_PARTIES`).
    """
    if not user.is_active or user.pk is None:
        return False
    return (
        (is_principal(user, party) if own is None else party in own)
        or Mandate.objects.given_by(party).in_force(at).with_scope(scope).filter(agent__user_id=user.pk).exists()
        or is_guardian(user, party, at)
    )


def acts_for(
    user: User | AnonymousUser, party: PartyRef, at: datetime, *, own: Collection[PartyRef] | None = None
) -> bool:
    """Return whether she may do anything at all for a party, as `services.parties.queries.parties_for` with any scope.

    Mandates are given to people: whoever is not on record as a person acts for nobody. own: as `can_act_for`.
    """
    if not user.is_active or user.pk is None:
        return False
    return (
        (is_principal(user, party) if own is None else party in own)
        or Mandate.objects.given_by(party)
        .in_force(at)
        .filter(agent__user_id=user.pk, scopes__overlap=list(MandateScope.values))
        .exists()
        or is_guardian(user, party, at)
    )


def can_grant_mandate(user: User | AnonymousUser, principal: PartyRef, at: datetime) -> bool:
    """The principal, its legal representative or a child's guardian gives a mandate: agents appoint no agents."""
    return is_principal(user, principal) or is_guardian(user, principal, at)


def can_revoke_mandate(user: User | AnonymousUser, mandate: Mandate, at: datetime) -> bool:
    """The principal takes a mandate back; the agent may lay it down (Civil Code art. 173)."""
    mine = bool(user.is_active) and mandate.agent.user_id == user.pk
    return mine or can_grant_mandate(user, mandate.principal, at)


def can_look_up_persons(user: User | AnonymousUser, at: datetime) -> bool:
    """Window clerks find a person by the number on the document she shows."""
    return _holds(user, Role.CLERK, at)


def can_appoint(user: User | AnonymousUser, at: datetime) -> bool:
    """Administrators appoint."""
    return bool(user.is_active) and (bool(user.is_superuser) or _holds(user, Role.ADMIN, at))


def can_keep_calendars(user: User | AnonymousUser, at: datetime) -> bool:
    """Administrators enter days, announce years and publish calendars; whoever oversees may look."""
    return _holds(user, Role.ADMIN, at)


def _holds(user: User | AnonymousUser, role: Role, at: datetime) -> bool:
    if not user.is_active or user.pk is None:
        return False
    return Membership.objects.in_force(at).filter(user_id=user.pk, role=role).exists()
