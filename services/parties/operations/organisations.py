"""Recording organisations."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from services.parties.enums import OrganisationKind, OrganisationSource
from services.parties.identity_numbers import IdentityNumberError, check_uscc
from services.parties.models import Organisation, Person

if TYPE_CHECKING:
    from portal.accounts.models import User


class OrganisationAlreadyRegisteredError(ValidationError):
    """The unified social credit code is known; `organisation` is whose it is."""

    def __init__(self, organisation: Organisation) -> None:
        """Name the field."""
        self.organisation = organisation
        message = _("An organisation with this unified social credit code is already recorded.")
        super().__init__({"uscc": message}, code="already_registered")


@transaction.atomic
def register_organisation(
    *,
    name: str,
    uscc: str,
    kind: OrganisationKind | str,
    legal_representative: Person,
    premises_address: str = "",
    registered_on: date | None = None,
    source: OrganisationSource | str,
    by: User | None,
    at: datetime,
) -> Organisation:
    """Record an organisation.

    The caller vouches for the facts: the business register answered (registry), or a case of this portal recorded the
    register's decision (case). We never invent a code. What its representative merely declares is marked so.

    Args:
        name: the registered name.
        uscc: the unified social credit code as typed.
        kind: the legal form.
        legal_representative: the legal representative, or the operator of an individually owned business.
        premises_address: where it does business.
        registered_on: the day of registration.
        source: where the portal learned of it.
        by: who caused it; None for the system.
        at: when.

    Raises:
        ValidationError: with messages by field name.
        OrganisationAlreadyRegisteredError: the code is known.
        PermissionDenied: somebody else than the representative declares it.
    """
    if source == OrganisationSource.DECLARED and by is not None and legal_representative.user_id != by.pk:
        raise PermissionDenied
    name, code = " ".join(name.split()), _checked_uscc(uscc)
    if not name:
        raise ValidationError({"name": _("Enter the organisation's name.")})
    known = Organisation.objects.filter(uscc=code).first()
    if known is not None:
        raise OrganisationAlreadyRegisteredError(known)
    try:
        with transaction.atomic():
            return Organisation.objects.create(
                name=name,
                uscc=code,
                kind=OrganisationKind(kind),
                legal_representative=legal_representative,
                premises_address=premises_address,
                registered_on=registered_on,
                source=OrganisationSource(source),
                recorded_at=at,
            )
    except IntegrityError as error:
        rival = Organisation.objects.filter(uscc=code).first()
        if rival is None:
            raise
        raise OrganisationAlreadyRegisteredError(rival) from error


def _checked_uscc(uscc: str) -> str:
    try:
        return check_uscc(uscc)
    except IdentityNumberError as error:
        raise ValidationError({"uscc": error.args[0]}) from error


@transaction.atomic
def change_legal_representative(
    *, organisation: Organisation, legal_representative: Person, by: User | None, at: datetime
) -> Organisation:
    """Record a new legal representative, once the register has decided it; the old one loses every right at once.

    Mandates the organisation gave stay: they are its own. The new representative can revoke them.
    """
    organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    organisation.legal_representative = legal_representative
    organisation.save(update_fields=["legal_representative"])
    return organisation
