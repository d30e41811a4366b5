"""What a person has chosen about her messages. Pure: no database; instants are aware, times are those of `zone`.

The inbox is not a choice: every message stands there at once. Nor is the e-mail that serves a paper (送达) to somebody
who agreed to electronic service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.notifications.enums import Channel
from services.notifications.messages import GROUPS, MessageKind

CHOICES = (Channel.EMAIL.value, Channel.SMS.value)  # what can be switched off, per group of kinds
QUIET_FROM, QUIET_UNTIL = time(21), time(8)
GATHERED_GROUPS = ("tasks", "limits")


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """One person's choices; as it stands, what holds for somebody who never chose.

    off: pairs of group and channel that are switched off. quiet_from, quiet_until: no text message between them unless
    its kind is urgent; equal times mean no quiet hours. digest_at: times of day at which staff get one mail of all
    tasks and limits instead of one each; empty means each at once. webhook: whether her program is told too.
    """

    off: frozenset[tuple[str, str]] = frozenset()
    quiet_from: time = QUIET_FROM
    quiet_until: time = QUIET_UNTIL
    digest_at: tuple[time, ...] = ()
    webhook: bool = False

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Preferences:
        """Return what `stored` wrote; a part that is missing is as for somebody who never chose."""
        return cls(
            off=frozenset((group, channel) for group, channel in stored.get("off", ())),
            quiet_from=time.fromisoformat(stored.get("quiet_from", QUIET_FROM.isoformat())),
            quiet_until=time.fromisoformat(stored.get("quiet_until", QUIET_UNTIL.isoformat())),
            digest_at=tuple(map(time.fromisoformat, stored.get("digest_at", ()))),
            webhook=bool(stored.get("webhook", False)),
        )

    def stored(self) -> dict[str, Any]:
        """Return the choices as plain values."""
        return {
            "off": sorted(map(list, self.off)),
            "quiet_from": self.quiet_from.isoformat(),
            "quiet_until": self.quiet_until.isoformat(),
            "digest_at": [moment.isoformat() for moment in self.digest_at],
            "webhook": self.webhook,
        }

    def channels_for(self, kind: MessageKind) -> list[str]:
        """Return the channels a message of a kind goes out on, as far as she decides."""
        return [channel for channel in self._open_to(kind) if self._wants(kind, channel)]

    def _open_to(self, kind: MessageKind) -> list[str]:
        also = [Channel.EMAIL.value] if self.gathers(kind) and Channel.EMAIL not in kind.channels else []
        return [*kind.channels, *also, *([Channel.WEBHOOK.value] if self.webhook else [])]

    def _wants(self, kind: MessageKind, channel: str) -> bool:
        if channel not in CHOICES or (kind.service and channel == Channel.EMAIL):
            return True
        return (kind.group, channel) not in self.off

    def gathers(self, kind: MessageKind) -> bool:
        """Tell whether a mail of this kind waits for the next digest."""
        return bool(self.digest_at) and kind.group in GATHERED_GROUPS and not kind.urgent and not kind.service

    def next_digest(self, at: datetime, zone: ZoneInfo) -> datetime:
        """Return the first instant after `at` at which a digest is made. There must be a time of day for it."""
        local = at.astimezone(zone)
        days = (local.date(), local.date() + timedelta(days=1))
        moments = (datetime.combine(day, moment, zone) for day in days for moment in sorted(self.digest_at))
        return next(moment for moment in moments if moment > at)

    def loud_from(self, kind: MessageKind, at: datetime, zone: ZoneInfo) -> datetime:
        """Return the first instant from `at` on at which a text message of this kind may be sent."""
        local = at.astimezone(zone)
        now = local.time()
        begins, ends = self.quiet_from, self.quiet_until
        over_midnight = begins > ends
        quiet = (now >= begins or now < ends) if over_midnight else begins <= now < ends
        if kind.urgent or not quiet:
            return at
        tomorrow = over_midnight and now >= begins
        return datetime.combine(local.date() + timedelta(days=tomorrow), ends, zone)


__all__ = ["CHOICES", "GROUPS", "Preferences"]
