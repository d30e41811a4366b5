"""Questions about decision tables."""

from __future__ import annotations

from functools import lru_cache

from workflows.dmn import Decision, parse_decision
from workflows.enums import DefinitionState
from workflows.models import DecisionDefinition


class UnknownDecisionError(LookupError):
    """No version of this decision is published."""


def published_decision(key: str) -> DecisionDefinition:
    """Return the version of a decision that is asked now; raises UnknownDecisionError."""
    try:
        return DecisionDefinition.objects.get(key=key, state=DefinitionState.PUBLISHED)
    except DecisionDefinition.DoesNotExist:
        raise UnknownDecisionError(f"The decision {key} is not published: load it with `load_decisions`.") from None


@lru_cache(maxsize=512)
def _compiled(checksum: str, definition_id: int) -> Decision:
    return parse_decision(DecisionDefinition.objects.values_list("source", flat=True).get(pk=definition_id).encode())


def decision_of(definition: DecisionDefinition) -> Decision:
    """Return the table of a definition, read once per process. Published sources never change."""
    return _compiled(definition.checksum, definition.pk)
