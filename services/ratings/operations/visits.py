"""Open a visit at the counter for rating."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.cases.models import Case
from services.cases.operations.drafts import NotAllowedError
from services.cases.permissions import is_clerk
from services.ratings.models import Visit

if TYPE_CHECKING:
    from portal.accounts.models import User


@transaction.atomic
def open_visit(*, case: Case, by: User, at: datetime) -> Visit:
    """Return the code by which the visitor in front of a clerk rates this visit; the same within its time.

    Raises NotAllowedError.
    """
    if not is_clerk(by, at):
        raise NotAllowedError("Only a window clerk lets a visitor rate.")
    Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case.pk)
    known = Visit.objects.filter(case=case, clerk=by, opened_at__gt=at - Visit.LASTS, ratings__isnull=True).first()
    return known or Visit.objects.create(case=case, clerk=by, opened_at=at)
