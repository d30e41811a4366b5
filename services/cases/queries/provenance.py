"""Where the answers of an application come from, as applicants, clerks and reviewers read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model

from services.cases.enums import OriginKind
from services.cases.models import Application
from services.cases.origins import Origin, read_origin
from services.exchange.sources import sources

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class ShownOrigin:
    """Where one answer comes from. name: of who entered it. own: the reader did. source_…: its name, if any."""

    origin: Origin
    name: str
    own: bool
    source_zh: str
    source_en: str

    @property
    def is_typed(self) -> bool:
        """Whether the applicant or somebody acting for her typed it."""
        return self.origin.by == OriginKind.TYPED

    @property
    def waits(self) -> bool:
        """Whether the applicant has still to confirm it."""
        return self.origin.waits_for_confirmation


def origins_of(
    application: Application, *, reader: User | None = None, codes: Iterable[str] | None = None
) -> dict[str, ShownOrigin]:
    """Return the origins of an application's answers by element code; one query for the names of all who typed.

    reader: whose own entries need no name; None for the staff. codes: only of these elements.
    """
    own = reader.pk if reader else None
    wanted = None if codes is None else set(codes)
    stored = {code: read_origin(one) for code, one in application.origins.items() if wanted is None or code in wanted}
    names = _names({one.who for one in stored.values() if one.who is not None and one.who != own})
    return {
        code: ShownOrigin(
            origin=one,
            name=names.get(one.who, ""),
            own=own is not None and one.who == own,
            source_zh=_source_name(one)[0],
            source_en=_source_name(one)[1],
        )
        for code, one in stored.items()
    }


def _source_name(origin: Origin) -> tuple[str, str]:
    """Return a register's name in both languages; the number of a certificate as it is."""
    known = sources().get(origin.source)
    return (known.name_zh, known.name_en) if known else (origin.source, origin.source)


def _names(keys: set[int]) -> Mapping[int | None, str]:
    if not keys:
        return {}
    users: Any = get_user_model()._default_manager.filter(pk__in=keys)
    return {user.pk: user.get_full_name() or user.get_username() for user in users}
