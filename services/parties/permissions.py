"""May she act for a party, give a mandate, look somebody up, appoint?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.parties.enums import MandateScope, Role
from services.parties.models import Mandate, Membership, Organisation, Person
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


def can_act_for(user: User | AnonymousUser, party: PartyRef, scope: MandateScope | str, at: datetime) -> bool:
    """Return whether she may do this for a party: for herself, as legal representative, or by a mandate in force."""
    if not user.is_active or user.pk is None:
        return False
    return (
        is_principal(user, party)
        or Mandate.objects.given_by(party).in_force(at).with_scope(scope).filter(agent__user_id=user.pk).exists()
    )


def can_grant_mandate(user: User | AnonymousUser, principal: PartyRef) -> bool:
    """Only the principal, or its legal representative, gives a mandate: an agent does not appoint agents."""
    return is_principal(user, principal)


def can_revoke_mandate(user: User | AnonymousUser, mandate: Mandate) -> bool:
    """The principal takes a mandate back; the agent may lay it down (Civil Code art. 173)."""
    return is_principal(user, mandate.principal) or (bool(user.is_active) and mandate.agent.user_id == user.pk)


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
