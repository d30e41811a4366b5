"""Questions about codes that show a certificate."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from services.access.encryption import blind_index, blind_indexes
from services.documents.enums import OpeningResult
from services.documents.models import ShareCode, ShareOpening
from services.parties.enums import MandateScope
from services.parties.models import Guardianship, Mandate, Organisation, Person


def codes_at(at: datetime) -> QuerySet[ShareCode]:
    """Return every code with its paper and whether whoever made it still acts for the holder (`maker_acts`)."""
    return ShareCode.objects.select_related("paper").annotate(maker_acts=_maker_acts(at))


def find_share(code: str, at: datetime) -> ShareCode | None:
    """Return the share with this code as a person types it, in whatever state, as `codes_at`."""
    plain = "".join(character for character in code.upper() if character.isalnum())[:32]
    indexes = blind_indexes(plain, field="documents.share")
    return codes_at(at).filter(code_index__in=indexes).first()


def shares_of(papers: Collection[int], at: datetime) -> QuerySet[ShareCode]:
    """Return every code of some papers as `codes_at`, newest first, with how often each showed something (`shown`)."""
    shown = Count("openings", filter=Q(openings__result=OpeningResult.SHOWN))
    return codes_at(at).filter(paper__in=papers).select_related("shared_by__person").annotate(shown=shown)


def openings_of(share: ShareCode) -> QuerySet[ShareOpening]:
    """Return when a code was opened and what it showed, newest first."""
    return share.openings.order_by("-opened_at", "-pk")


def is_open(share: ShareCode, at: datetime) -> bool:
    """Say whether a code from `codes_at` shows something at that instant; one from elsewhere shows nothing."""
    return share.revoked_at is None and share.expires_at > at and bool(getattr(share, "maker_acts", False))


def network_mark(address: str) -> bytes:
    """Return a keyed hash of the network an address is in (/24, /64): enough to count tries, not to know who."""
    try:
        parsed = ipaddress.ip_address(address)
        prefix = 24 if parsed.version == 4 else 64
        network = str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False))
    except ValueError:
        network = "unknown"
    return blind_index(network, field="documents.network")


def _maker_acts(at: datetime) -> Q:
    """Return the condition that whoever made a code still acts for the holder: a code ends with its maker's right.

    By a mandate only if that very mandate holds still: one that is given anew later opens no old codes.
    """
    maker, party, made = OuterRef("shared_by_id"), OuterRef("party_id"), OuterRef("shared_at")
    mandates = Mandate.objects.in_force(at).in_force(made).with_scope(MandateScope.RECEIVE)  # type: ignore[arg-type]
    held = mandates.filter(agent__user_id=maker)
    herself = Exists(Person.objects.filter(pk=party, user_id=maker))
    wards = Exists(Guardianship.objects.in_force(at).filter(child_id=party, guardian__user_id=maker))
    person = Q(party_kind="person") & (Q(herself) | Q(wards) | Q(Exists(held.filter(person_id=party))))
    bodies = Exists(Organisation.objects.filter(pk=party, legal_representative__user_id=maker))
    body = Q(party_kind="organisation") & (Q(bodies) | Q(Exists(held.filter(organisation_id=party))))
    return Q(shared_by__is_active=True) & (person | body)
