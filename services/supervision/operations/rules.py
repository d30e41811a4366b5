"""Publish threshold rules: those that come with the system, and what managers make of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from services.cases.operations.drafts import NotAllowedError
from services.supervision.operations.refusals import RulesChangedError, WordsMissingError
from services.supervision.permissions import can_supervise
from workflows.models import ThresholdRules
from workflows.operations.thresholds import OutdatedRulesError, publish_threshold_rules
from workflows.queries.thresholds import newest_rules

if TYPE_CHECKING:
    from portal.accounts.models import User

SHIPPED_FILE = Path(__file__).parents[1] / "data" / "rules.yaml"

Rule = dict[str, Any]


def shipped_rules(file: Path = SHIPPED_FILE) -> list[Rule]:
    """Return the rules of a file. Raises OSError, yaml.YAMLError, and KeyError when it has no `rules`."""
    rules: list[Rule] = yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]
    return rules


def load_rules(*, rules: list[Rule], at: datetime, replace: bool = False) -> ThresholdRules:
    """Publish the rules that come with the system; loading the same again changes nothing.

    Once a manager has published rules, hers stay and only what the law makes is brought up to date, unless `replace`.
    Effects: a version, running clocks follow. Raises ThresholdRulesError.
    """
    if not replace and ThresholdRules.objects.filter(published_by__isnull=False).exists():
        rules = _with_the_laws(rules)
    return publish_threshold_rules(rules=rules, note="", by=None, at=at)


def _with_the_laws(shipped: list[Rule]) -> list[Rule]:
    """Return what holds now with the law's rules as they are shipped, each in its place."""
    newest = newest_rules()
    law = {rule["code"]: rule for rule in shipped if rule["law"]}
    held = newest.rules if newest is not None else []
    kept = [law.pop(rule["code"], None) if rule["law"] else rule for rule in held]
    return [rule for rule in kept if rule is not None] + list(law.values())


def publish_rules(*, rules: list[Rule], based_on: int, note: str, by: User, at: datetime) -> ThresholdRules:
    """Publish a manager's rules as a new version.

    based_on: number of the version she changed. note: why, for the record.
    Raises NotAllowedError, WordsMissingError, RulesChangedError, ThresholdRulesError.
    """
    if not can_supervise(by, at):
        raise NotAllowedError("Only a manager publishes rules.")
    if not note.strip():
        raise WordsMissingError
    try:
        return publish_threshold_rules(rules=rules, note=note, by=by, at=at, based_on=based_on)
    except OutdatedRulesError as error:
        raise RulesChangedError from error
