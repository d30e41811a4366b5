"""Publish decision tables and ask them for a process: a table that contradicts itself is never published."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from workflows.actions import ActionContext, ActionResult, register
from workflows.dmn import Decision, HitPolicy, Problem, decide, find_problems, parse_decision
from workflows.enums import DefinitionState
from workflows.models import DecisionDefinition
from workflows.queries.decisions import UnknownDecisionError, decision_of, published_decision


class UnsoundDecisionError(Exception):
    """The table cannot be published. `problems` says why, with examples."""

    def __init__(self, key: str, problems: list[Problem]) -> None:
        listed = "; ".join(f"{problem.kind}: {problem}" for problem in problems)
        super().__init__(f"The decision {key} is not published: {listed}")
        self.problems = problems


@transaction.atomic
def publish_decision(*, source: bytes, at: datetime, known: frozenset[str] | None = None) -> DecisionDefinition:
    """Publish a DMN file as the next version of its decision; the same file again changes nothing.

    known: the paths that exist where the table is asked; None when only the caller's process will tell.
    Effects: one definition row; the version before it is retired. A task that is carried out from now on asks the new
    version, in running cases too: a rule of law holds from its day on.
    Raises DmnError (unreadable, or elements we do not execute) and UnsoundDecisionError: overlaps, gaps, dead rules,
    results outside their allowed values, unknown paths, and overlaps and gaps that could not be decided.
    """
    decision = parse_decision(source)
    problems = [problem for problem in find_problems(decision, known) if problem.blocking]
    if problems:
        raise UnsoundDecisionError(decision.key, problems)
    checksum = hashlib.sha256(source).hexdigest()
    # The newest version's row is the lock between two publishers of one decision.
    newest = DecisionDefinition.objects.select_for_update().filter(key=decision.key).order_by("-version").first()
    if newest is not None and newest.checksum == checksum and newest.state == DefinitionState.PUBLISHED:
        return newest
    DecisionDefinition.objects.filter(key=decision.key).update(state=DefinitionState.RETIRED)
    return DecisionDefinition.objects.create(
        key=decision.key,
        version=newest.version + 1 if newest else 1,
        name_zh=decision.name_zh,
        name_en=decision.name_en,
        source=source.decode(),
        checksum=checksum,
        published_at=at,
    )


@register("workflows.decide")
def decide_for_run(context: ActionContext) -> ActionResult:
    """Ask the published decision that the task names, with the run's data.

    The outcome is the result as text when the table answers with one value of one rule (or its default), else "done".
    The result itself joins the run's data as `decision.<key>`, with `_` for `-` so that conditions can read it;
    results of other decisions stay. Raises UnknownDecisionError and DecisionError: the job is then tried again and
    in the end shown to a manager.
    """
    if not context.decision:
        raise UnknownDecisionError(f"The task {context.node} names no decision.")
    decision = decision_of(published_decision(context.decision))
    result = decide(decision, context.data)
    results = {**context.data.get("decision", {}), decision.key.replace("-", "_"): result}
    return ActionResult(outcome=_outcome(decision, result), data={"decision": results})


def _outcome(decision: Decision, result: object) -> str:
    """Return what conditions read as `outcome.<task>`."""
    if decision.hit_policy is HitPolicy.COLLECT or isinstance(result, (dict, list)) or result is None:
        return "done"
    # As CEL and JSON write it: true, not True.
    return str(result).lower() if isinstance(result, bool) else str(result)
