"""Show one certificate to somebody by a code: for a purpose, for a while, and every opening written down."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from services.access.encryption import blind_index
from services.access.operations import one_after_another
from services.documents.enums import OpeningResult
from services.documents.models import Paper, ShareCode, ShareOpening, new_verify_code
from services.documents.queries.sharing import find_share, is_open, network_mark
from services.forms.types import InvalidValueError
from services.forms.types.base import check_characters
from services.parties.enums import MandateScope
from services.parties.models import Mandate
from services.parties.queries import acting_for
from services.parties.references import PartyRef

if TYPE_CHECKING:
    from portal.accounts.models import User

#: How long a code may live, in hours.
DURATIONS = (1, 24, 24 * 7, 24 * 30)
LONGEST_PURPOSE = 200
#: Codes of one paper that may be open at once.
OPEN_AT_ONCE = 20
#: From one network: tries of codes that do not exist, and openings of any kind, before it must wait.
TRIES_FROM = timedelta(minutes=10)
WRONG_TRIES, ALL_TRIES = 10, 120


class TooManyTriesError(Exception):
    """Too many codes were tried from this network; the next try is possible after `TRIES_FROM`."""


@transaction.atomic
def share_paper(
    *, paper: Paper, party_kind: str, party_id: int, purpose: str, hours: int, by: User, at: datetime
) -> tuple[ShareCode, str]:
    """Make a code that shows one paper's facts; return its row and the code, which is shown once and never kept.

    Whether she may share the paper was decided by the caller. A code an agent makes ends with her mandate at the
    latest. Effects: one row with the code's keyed hash.

    Args:
        paper: the certificate.
        party_kind, party_id: whose certificate it is.
        purpose: for whom or what, in her own words; it is shown to whoever opens the code, so that it is used for it.
        hours: one of DURATIONS.

    Raises:
        ValidationError: no purpose, a duration that is not offered, or too many open codes.
    """
    words = " ".join(purpose.split())
    try:
        check_characters(words)
    except InvalidValueError as error:
        raise ValidationError({"purpose": _("There is a character that cannot be stored. Type it again.")}) from error
    if not words or len(words) > LONGEST_PURPOSE:
        raise ValidationError({"purpose": _("Say for whom or what the code is, in at most 200 characters.")})
    if hours not in DURATIONS:
        raise ValidationError({"hours": _("Choose how long the code works.")})
    locked = Paper.objects.select_for_update().get(pk=paper.pk)
    if locked.shares.filter(revoked_at=None, expires_at__gt=at).count() >= OPEN_AT_ONCE:
        raise ValidationError({"purpose": _("There are too many open codes already. Take some back first.")})
    ends = _mandate_ends(PartyRef.parse(f"{party_kind}:{party_id}"), by, at)
    code = new_verify_code()
    share = ShareCode.objects.create(
        paper=locked,
        party_kind=party_kind,
        party_id=party_id,
        code_index=blind_index(code, field="documents.share"),
        purpose=words,
        shared_by=by,
        shared_at=at,
        expires_at=min([at + timedelta(hours=hours), *ends]),
    )
    return share, code


@transaction.atomic
def revoke_share(*, share: ShareCode, by: User, at: datetime) -> ShareCode:
    """Take a code back; it shows nothing any more. Doing it twice keeps the first instant."""
    locked = ShareCode.objects.select_for_update().get(pk=share.pk)
    if locked.revoked_at is None:
        locked.revoked_at, locked.revoked_by = at, by
        locked.save(update_fields=["revoked_at", "revoked_by"])
    return locked


def open_share(*, code: str, address: str, at: datetime) -> ShareCode | None:
    """Return the share behind a code, after writing down that it was opened; None for a code that shows nothing.

    Unknown, expired and revoked codes, and those whose maker no longer acts for the holder, are told apart for the
    holder only: whoever tries learns nothing.

    Args:
        code: as typed; spaces, hyphens and small letters are fine.
        address: the network address of whoever opens it; only a keyed hash of its network is kept.

    Raises:
        TooManyTriesError: before anything is looked up.
    """
    network = network_mark(address)
    with one_after_another("shared codes", network.hex()):
        recent = ShareOpening.objects.filter(network=network, opened_at__gt=at - TRIES_FROM)
        wrong = recent.exclude(result=OpeningResult.SHOWN).count()
        if wrong >= WRONG_TRIES or recent.count() >= ALL_TRIES:
            raise TooManyTriesError
        share = find_share(code, at)
        result = _result(share, at)
        ShareOpening.objects.create(share=share, network=network, opened_at=at, result=result)
    return share if result == OpeningResult.SHOWN else None


def _result(share: ShareCode | None, at: datetime) -> OpeningResult:
    if share is None:
        return OpeningResult.UNKNOWN
    if share.revoked_at is not None:
        return OpeningResult.REVOKED
    if share.expires_at <= at:
        return OpeningResult.EXPIRED
    return OpeningResult.SHOWN if is_open(share, at) else OpeningResult.ENDED


def _mandate_ends(party: PartyRef, by: User, at: datetime) -> list[datetime]:
    """Return when the mandate ends by which somebody makes a code; nothing for the party itself."""
    acting = acting_for(by, party, MandateScope.RECEIVE, at)
    if acting.mandate_id is None:
        return []
    return list(Mandate.objects.filter(pk=acting.mandate_id).values_list("valid_until", flat=True))
