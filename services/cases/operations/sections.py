"""Save a section of a draft as it is typed. What another window changed meanwhile is never overwritten unseen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.cases.models import Application
from services.cases.operations.drafts import locked_draft, store_answers, touch
from services.forms.merging import Merge, merge_answers

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class SavedSection:
    """A draft after a section was saved, and what became of each answer; see `services.forms.merging.Merge`."""

    application: Application
    merge: Merge


@transaction.atomic
def save_section(
    *,
    application_id: int,
    section: str,
    sent: Mapping[str, object],
    base: Mapping[str, str],
    chosen: Mapping[str, str],
    by: User,
    at: datetime,
) -> SavedSection:
    """Store what was changed on a page; leave what was changed elsewhere; report what was changed in both places.

    Sending the same again changes nothing. A contested answer stays as it is stored until she chooses.

    Args:
        application_id: key of the draft.
        section: where she is; "continue where you left" leads there.
        sent: the page's answers by element code, valid or not.
        base: marks of the answers the page was made from.
        chosen: her decisions about contested answers.
        by: who saves.
        at: when.

    Raises NotAllowedError, AlreadySubmittedError.
    """
    application = locked_draft(application_id, by=by, at=at)
    merge = merge_answers(stored=application.answers, sent=sent, base=base, chosen=chosen)
    if merge.accepted:
        store_answers(application, merge.accepted, by=by, at=at)
        touch(application, at)
    if application.place != section:
        application.place = section
        application.save(update_fields=["place"])
    return SavedSection(application=application, merge=merge)
