"""What somebody was told about an application, for its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from services.cases.models import Application
from services.cases.queries.subjects import SUBJECTS
from services.notifications.models import ONCE, Notice
from workflows.queries.together import Asked, Question

if TYPE_CHECKING:
    from portal.accounts.models import User

#: Messages shown with a timeline; all of them are in the inbox.
LATEST_MESSAGES = 6
#: By the outbox's index, subject by subject: who has thousands of messages does not wait until all were looked at.
_ABOUT = f"""select n.id from {SUBJECTS} cross join lateral (
  select id, subject_kind, subject_id, channel, recipient_id from notifications_notice
  where {ONCE} between (left(md5(s.kind || '|' || s.id), 12) || repeat('0', 20))::uuid
  and (left(md5(s.kind || '|' || s.id), 12) || repeat('f', 20))::uuid offset 0
) n where n.subject_kind = s.kind and n.subject_id = s.id and n.channel = 'inbox' and n.recipient_id = %s"""  # noqa: S608 - constants


def _latest(application: int, user: int) -> QuerySet[Notice]:
    about = RawSQL(_ABOUT, [application, application, user])  # noqa: S611 - constants, the values are bound
    return Notice.objects.filter(pk__in=about).order_by("-created_at", "-id")[:LATEST_MESSAGES]


_TOLD: Question[Notice] = Question(_latest)


def told_about(application: Application, user: User) -> Asked[Notice]:
    """Ask for the latest messages on the site that she got about an application and its cases, newest first."""
    return _TOLD.about(application.pk, user.pk)
