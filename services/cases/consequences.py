"""What follows for cases when a clock reaches a threshold of the published rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.cases.operations.releasing import release_due
from workflows.consequences import Occurrence, register


@register("release_notice")
def _release_notice(occurrences: Sequence[Occurrence], at: datetime) -> None:
    """Send what is recorded as missing before the first legal day passes (Administrative Licensing Law, art. 32(4))."""
    release_due([int(reached.subject_id) for reached, _what in occurrences if reached.subject_kind == "case"], at=at)
