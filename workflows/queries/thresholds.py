"""Questions about the threshold rules: what holds now, and what held at an instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from workflows.clocks import SHIPPED, Threshold, parse_thresholds
from workflows.clocks.thresholds import by_code
from workflows.models import ThresholdRules


@dataclass(frozen=True, kw_only=True)
class RulesVersion:
    """One version of the rules. number: 0 for what the program ships. since: when it was published."""

    number: int
    since: datetime | None
    thresholds: tuple[Threshold, ...]

    @cached_property
    def by_code(self) -> Mapping[str, Threshold]:
        """The thresholds by their codes."""
        return by_code(self.thresholds)


UNPUBLISHED = RulesVersion(number=0, since=None, thresholds=SHIPPED)


@dataclass(frozen=True, kw_only=True)
class RulesHistory:
    """Every version, the oldest first; the first is what the program ships."""

    versions: tuple[RulesVersion, ...] = (UNPUBLISHED,)

    @property
    def current(self) -> RulesVersion:
        """What holds now."""
        return self.versions[-1]

    def version_at(self, instant: datetime, number: int | None = None) -> RulesVersion:
        """Return the version by which a timer is judged, however late it fires: the one in force at its instant.

        number: what the timer itself names, because its instant lay in the past already when it was set.
        """
        return self.versions[bisect_right(self._published, instant) if number is None else number]

    def light(self, code: str, instant: datetime, number: int | None = None) -> str:
        """Return the light that a timer turned on or will turn on, "" for none."""
        rule = self.version_at(instant, number).by_code.get(code)
        return rule.light if rule is not None else ""

    @cached_property
    def _published(self) -> list[datetime]:
        return [version.since for version in self.versions if version.since is not None]


def newest_rules() -> ThresholdRules | None:
    """Return the newest published rules, None while nothing is published."""
    return ThresholdRules.objects.order_by("-number").first()


def current_rules() -> RulesVersion:
    """Return the rules that hold now. One small query; each version is read and parsed once per process."""
    return rules_history().current


def rules_history() -> RulesHistory:
    """Return all versions of the rules, as `current_rules`."""
    newest = ThresholdRules.objects.order_by("-number").values_list("pk", flat=True).first()
    return RulesHistory() if newest is None else _history_up_to(newest)


@lru_cache(maxsize=8)
def _history_up_to(newest: int) -> RulesHistory:
    number = ThresholdRules.objects.get(pk=newest).number
    published = ThresholdRules.objects.filter(number__lte=number).order_by("number")
    return RulesHistory(versions=(UNPUBLISHED, *map(_version, published)))


def _version(row: ThresholdRules) -> RulesVersion:
    return RulesVersion(number=row.number, since=row.published_at, thresholds=parse_thresholds(row.rules))
