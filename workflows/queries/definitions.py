"""Questions about process definitions."""

from __future__ import annotations

from functools import lru_cache

from workflows.bpmn.parse import parse_process
from workflows.engine.graph import Graph
from workflows.enums import DefinitionState
from workflows.models import ProcessDefinition


class UnknownProcessError(LookupError):
    """No version of this process is published."""


def published_definition(key: str) -> ProcessDefinition:
    """Return the version of a process that new runs begin with; raises UnknownProcessError."""
    try:
        return ProcessDefinition.objects.defer("source").get(key=key, state=DefinitionState.PUBLISHED)
    except ProcessDefinition.DoesNotExist:
        raise UnknownProcessError(f"The process {key} is not published: load it with `load_processes`.") from None


@lru_cache(maxsize=512)
def graph_of(definition_id: int) -> Graph:
    """Return the compiled graph of a published definition, parsed once per process: published sources never change."""
    return parse_process(ProcessDefinition.objects.values_list("source", flat=True).get(pk=definition_id).encode())
