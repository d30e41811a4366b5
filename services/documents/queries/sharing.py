"""Questions about codes that show a certificate."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from services.access.encryption import blind_index, blind_indexes
from services.documents.enums import OpeningResult
from services.documents.models import ShareCode, ShareOpening


def find_share(code: str) -> ShareCode | None:
    """Return the share with this code as a person types it, in whatever state."""
    plain = "".join(character for character in code.upper() if character.isalnum())[:32]
    indexes = blind_indexes(plain, field="documents.share")
    return ShareCode.objects.select_related("paper").filter(code_index__in=indexes).first()


def shares_of(papers: Collection[int]) -> QuerySet[ShareCode]:
    """Return every code of some papers, newest first, with how often each showed something (`shown`)."""
    shown = Count("openings", filter=Q(openings__result=OpeningResult.SHOWN))
    return ShareCode.objects.filter(paper__in=papers).select_related("paper").annotate(shown=shown)


def openings_of(share: ShareCode) -> QuerySet[ShareOpening]:
    """Return when a code was opened and what it showed, newest first."""
    return share.openings.order_by("-opened_at", "-pk")


def is_open(share: ShareCode, at: datetime) -> bool:
    """Say whether a code shows something at an instant."""
    return share.revoked_at is None and share.expires_at > at


def network_mark(address: str) -> bytes:
    """Return a keyed hash of the network an address is in (/24, /64): enough to count tries, not to know who."""
    try:
        parsed = ipaddress.ip_address(address)
        prefix = 24 if parsed.version == 4 else 64
        network = str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False))
    except ValueError:
        network = "unknown"
    return blind_index(network, field="documents.network")
