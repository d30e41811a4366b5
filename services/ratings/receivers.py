"""What ratings do when the workflows tell what happened, inside the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.cases.enums import ApplicationState
from services.cases.models import Application
from services.ratings.operations.telling import ask_to_rate
from workflows.models import Run
from workflows.signals import RunFinished

if TYPE_CHECKING:
    from portal.accounts.models import User


def follow(sender: object, *, root: Run, effects: Sequence[Any], by: User | None, at: datetime, **_: Any) -> None:
    """Ask how it was once an application is closed; who withdrew it is not asked."""
    if not any(isinstance(effect, RunFinished) and effect.run.pk == root.pk for effect in effects):
        return
    rows = Application.objects.select_related("bundle", "service", "filed_by")
    application = rows.filter(run_id=root.pk, state=ApplicationState.CLOSED).first()
    if application is not None:
        ask_to_rate(application, at=at)
