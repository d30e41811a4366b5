"""Giving and taking back mandates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from services.parties.enums import MandateKind, MandateScope
from services.parties.models import Mandate, Person
from services.parties.permissions import can_grant_mandate, can_revoke_mandate
from services.parties.references import PartyRef

if TYPE_CHECKING:
    from portal.accounts.models import User


class MandateRefusedError(ValidationError):
    """The mandate cannot be given as asked; the text says why."""


@transaction.atomic
def grant_mandate(
    *,
    principal: PartyRef,
    agent: Person,
    scopes: Iterable[MandateScope | str],
    valid_from: datetime,
    valid_until: datetime,
    by: User | None,
    at: datetime,
    kind: MandateKind | str = MandateKind.AGENT,
    matter: str = "",
) -> Mandate:
    """Let an agent act for a principal (Civil Code art. 161 to 165).

    Args:
        principal: whom the agent acts for.
        agent: who acts.
        scopes: what she may do, MandateScope values; each once.
        valid_from: begin, included.
        valid_until: end, excluded; must lie after `at`.
        by: the principal or its legal representative; None for the system.
        at: when.
        kind: agent, or member of the organisation.
        matter: what it is about, in the principal's words.

    Raises:
        MandateRefusedError: nothing allowed, over before it begins, or given to the principal herself.
        PermissionDenied: `by` is not the principal; agents do not appoint agents.
    """
    if by is not None and not can_grant_mandate(by, principal, at):
        raise PermissionDenied
    if valid_until <= at:
        raise MandateRefusedError(_("The mandate would already be over. Choose a later end."), code="over")
    mandate = Mandate(
        agent=agent,
        kind=kind,
        matter=matter,
        scopes=sorted({MandateScope(scope) for scope in scopes}),
        valid_from=valid_from,
        valid_until=valid_until,
        granted_by=by,
        granted_at=at,
        **{f"{principal.kind}_id": principal.id},
    )
    try:
        mandate.full_clean()
    except ValidationError as error:
        raise MandateRefusedError(error.messages) from error
    mandate.save()
    return mandate


@transaction.atomic
def revoke_mandate(*, mandate: Mandate, by: User | None, at: datetime) -> Mandate:
    """End a mandate at `at`: by the principal at any time, or laid down by the agent. A second time changes nothing.

    Raises:
        PermissionDenied: `by` is neither.
    """
    if by is not None and not can_revoke_mandate(by, mandate, at):
        raise PermissionDenied
    mandate = Mandate.objects.select_for_update(no_key=True).get(pk=mandate.pk)
    if mandate.revoked_at is None:
        mandate.revoked_at, mandate.revoked_by = at, by
        mandate.save(update_fields=["revoked_at", "revoked_by"])
    return mandate
