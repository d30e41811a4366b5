"""How much one application and one person may hand in; a window clerk works for many and has no limit of her own."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from services.documents.enums import UploadState
from services.documents.file_types import UploadRefusedError
from services.documents.models import PartialUpload, Upload
from services.parties.queries import posts_of

if TYPE_CHECKING:
    from portal.accounts.models import User

DAY = dt.timedelta(days=1)
#: Of one person at the same time.
MOST_UNFINISHED = 50


def check_quotas(*, subject_kind: str, subject_id: str, length: int, by: User, at: dt.datetime) -> None:
    """Refuse a file of `length` bytes that is too much: for its application, or from this person within 24 hours.

    Unfinished files count with their whole length. Raises UploadRefusedError.
    """
    subject = Q(subject_kind=subject_kind, subject_id=subject_id)
    if _held(subject) + length > settings.UPLOAD_APPLICATION_MEGABYTES * 2**20:
        raise UploadRefusedError(
            "quota",
            _("Together the files are too large (at most %(megabytes)s MB). Please make them smaller or remove some.")
            % {"megabytes": settings.UPLOAD_APPLICATION_MEGABYTES},
        )
    if posts_of(by, at):
        return
    mine = Q(owner=by)
    today = _held(mine & Q(uploaded_at__gt=at - DAY), unfinished=mine)
    many = PartialUpload.objects.filter(mine, finished_at=None).count() >= MOST_UNFINISHED
    if many or today + length > settings.UPLOAD_PERSON_MEGABYTES * 2**20:
        raise UploadRefusedError(
            "quota", _("You have handed in very much within one day. Please go on tomorrow, or come to a window.")
        )


def _held(kept: Q, unfinished: Q | None = None) -> int:
    stored = Upload.objects.filter(kept).exclude(state__in=(UploadState.REMOVED, UploadState.REFUSED))
    coming = PartialUpload.objects.filter(kept if unfinished is None else unfinished, finished_at=None)
    return (stored.aggregate(all=Sum("size"))["all"] or 0) + (coming.aggregate(all=Sum("length"))["all"] or 0)
