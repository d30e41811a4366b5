"""Where each answer of an application comes from: who typed it or which source gave it, and who confirmed it.

Kept in `Application.origins` by element code; a group of rows has one origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.cases.enums import OriginKind
from services.forms.comparing import same
from services.forms.types import EMPTY

#: Answers of these kinds count once the applicant has looked at them.
UNCONFIRMED_KINDS = frozenset({OriginKind.SOURCE, OriginKind.PROFILE, OriginKind.WALLET, OriginKind.CLERK})


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where one answer comes from.

    source: code of the source or number of the paper, empty for what was typed. who: key of the user, None for rows
    of before. at: when it was entered or fetched. confirmed_at: when the applicant confirmed it, typing does so itself.
    """

    by: OriginKind
    source: str = ""
    who: int | None = None
    at: datetime
    confirmed_at: datetime | None = None

    @property
    def waits_for_confirmation(self) -> bool:
        """Whether somebody or something else than the applicant gave it and she has not confirmed it yet."""
        return self.by in UNCONFIRMED_KINDS and self.confirmed_at is None

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {
            "by": str(self.by),
            "source": self.source,
            "who": self.who,
            "at": self.at.isoformat(),
            "confirmed_at": self.confirmed_at.isoformat() if self.confirmed_at else None,
        }


def read_origin(stored: Mapping[str, Any]) -> Origin:
    """Return an origin from what is stored."""
    confirmed = stored.get("confirmed_at")
    return Origin(
        by=OriginKind(stored["by"]),
        source=str(stored.get("source", "")),
        who=stored.get("who"),
        at=datetime.fromisoformat(stored["at"]),
        confirmed_at=datetime.fromisoformat(confirmed) if confirmed else None,
    )


def noted(
    origins: Mapping[str, Any],
    *,
    before: Mapping[str, Any],
    given: Mapping[str, Any],
    told: Mapping[str, Mapping[str, str]],
    by: OriginKind,
    who: int,
    at: datetime,
) -> dict[str, Any]:
    """Return the origins after some answers were given.

    An answer that did not change keeps its origin; a changed one becomes typed, however it came before; one that was
    emptied loses it.

    Args:
        origins: as stored so far.
        before: all answers so far.
        given: the answers given now, by element code.
        told: for those that nobody typed, `{"by": …, "source": …}` by element code.
        by: who types: TYPED, or CLERK at the window.
        who: key of the user who saves.
        at: when.
    """
    found = dict(origins)
    for code, value in given.items():
        if value in EMPTY:
            found.pop(code, None)
        elif code in told:
            kind = OriginKind(told[code]["by"])
            found[code] = Origin(by=kind, source=str(told[code].get("source", "")), who=who, at=at).as_json()
        elif not same(before.get(code), value):
            confirmed = at if by == OriginKind.TYPED else None
            found[code] = Origin(by=by, who=who, at=at, confirmed_at=confirmed).as_json()
    return found


def confirmed(origins: Mapping[str, Any], codes: Iterable[str], *, at: datetime) -> dict[str, Any]:
    """Return the origins after the applicant confirmed some of the answers; those confirmed before stay as they are."""
    found = dict(origins)
    for code in set(codes) & found.keys():
        if found[code].get("confirmed_at") is None:
            found[code] = {**found[code], "confirmed_at": at.isoformat()}
    return found


def waiting(origins: Mapping[str, Any]) -> set[str]:
    """Return the codes of the answers that the applicant has not confirmed yet."""
    return {code for code, stored in origins.items() if read_origin(stored).waits_for_confirmation}
