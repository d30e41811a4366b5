"""Hand in documents and take them back: in a draft, for a notice, as promised, or with an answer. Only that is open."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from services.cases.operations.drafts import AlreadySubmittedError, NotAllowedError, locked_draft, touch
from services.cases.queries.places import Place, PlaceClosedError, files_shown, place_of
from services.documents import storage
from services.documents.enums import UploadState
from services.documents.file_types import UploadRefusedError
from services.documents.models import PartialUpload, Upload
from services.documents.operations import remove_upload
from services.documents.operations.partial_uploads import (
    begin_partial,
    check_whole,
    close_partial,
    hold_partial,
    release_partial,
)
from services.documents.operations.quotas import check_quotas
from services.documents.operations.uploads import drop_upload, settle_upload, take_upload
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User


def hand_in_document(
    *,
    place: Place,
    file: storage.ByteSource,
    length: int,
    original_name: str,
    declared_type: str,
    replaces: str = "",
    by: User,
    at: datetime,
) -> Upload:
    """Check and keep a file that came as a whole; a draft must be reviewed again.

    length: bytes, as announced. replaces: public id of the file that goes, "" for none.
    Raises UploadRefusedError; PlaceClosedError when nothing may be handed in there any more.
    """
    place = open_place(place, length=length, replaces=replaces, by=by, at=at)
    upload = _taken(place, file, original_name, declared_type, public_id="", by=by, at=at)
    return settle_document(place, upload, replaces, by=by, at=at)


@transaction.atomic
def begin_document(
    *,
    place: Place,
    length: int,
    sha256: str,
    original_name: str,
    declared_type: str,
    replaces: str = "",
    by: User,
    at: datetime,
) -> PartialUpload:
    """Begin a file that comes in parts, or go on with the same one begun before. Errors as `hand_in_document`."""
    place = locked_place(place, by=by, at=at)
    _check_room(place, replaces)
    return begin_partial(
        kind=place.kind,
        place=place.public_id,
        subject_kind="application",
        subject_id=place.application.pk,
        material_code=place.code,
        original_name=original_name,
        declared_type=declared_type,
        length=length,
        sha256=sha256,
        replaces=replaces,
        rule=place.rule,
        by=by,
        at=at,
    )


def finish_document(*, public_id: str, by: User, at: datetime) -> Upload:
    """Make the document of a file whose last part arrived. Twice is once: the second time it is only returned.

    A process that dies in between leaves the parts; whoever asks next finishes. Raises as `hand_in_document`,
    PartialGoneError, PartialBusyError, OffsetError.
    """
    partial = hold_partial(public_id=public_id, by=by, at=at)
    if partial.finished_at is not None:
        return Upload.objects.get(public_id=public_id)
    try:
        place = place_of(partial.kind, partial.place, partial.material_code, by=by, at=at)
        check_whole(partial)
        for left in Upload.objects.filter(public_id=public_id, state=UploadState.PENDING):
            drop_upload(left)
        with storage.path_of(partial.storage_key).open("rb") as file:
            upload = _taken(
                place, file, partial.original_name, partial.declared_type, public_id=public_id, by=by, at=at
            )
        return settle_document(place, upload, partial.replaces, partial=partial, by=by, at=at)
    except UploadRefusedError as error:
        close_partial(upload=partial, at=at, refusal=error.code)
        raise
    except PlaceClosedError:
        close_partial(upload=partial, at=at, refusal="closed")
        raise
    except BaseException:
        release_partial(partial)
        raise


@transaction.atomic
def take_back_document(*, place: Place, upload_id: str, by: User, at: datetime) -> None:
    """Remove a file that was handed in here; one from before, or that is gone already, is left alone.

    Raises PlaceClosedError.
    """
    place = locked_place(place, by=by, at=at)
    _remove(place, upload_id, by=by, at=at)
    _note_change(place, at)


@transaction.atomic
def open_place(place: Place, *, length: int, replaces: str = "", by: User, at: datetime) -> Place:
    """Return the place as it is now if one more file of `length` bytes is taken there, before that is worked on.

    Raises PlaceClosedError, UploadRefusedError.
    """
    place = locked_place(place, by=by, at=at)
    _check_room(place, replaces)
    check_quotas(subject_kind="application", subject_id=str(place.application.pk), length=length, by=by, at=at)
    return place


def locked_place(place: Place, *, by: User, at: datetime) -> Place:
    """Take the lock, then read again what the place was found by. Raises PlaceClosedError."""
    try:
        if place.root_id is not None:
            lock_root(place.root_id)
        else:
            locked_draft(place.application.pk, by=by, at=at)
    except (NotAllowedError, AlreadySubmittedError) as error:
        raise PlaceClosedError from error
    return place_of(place.kind, place.public_id, place.code, by=by, at=at)


def _check_room(place: Place, replaces: str) -> None:
    """Refuse one file more than the document takes; what an earlier page holds does not count."""
    files = files_shown(place.application, codes=[place.code]).exclude(state=UploadState.REFUSED)
    if place.since is not None:
        files = files.filter(uploaded_at__gte=place.since)
    if files.exclude(public_id=replaces).count() >= place.rule.most:
        raise UploadRefusedError(
            "most",
            _("No more files can be added here (at most %(most)s). Please replace or remove one.")
            % {"most": place.rule.most},
        )


def _taken(
    place: Place,
    file: storage.ByteSource,
    original_name: str,
    declared_type: str,
    *,
    public_id: str,
    by: User,
    at: datetime,
) -> Upload:
    return take_upload(
        file=file,
        original_name=original_name,
        declared_type=declared_type,
        subject_kind="application",
        subject_id=place.application.pk,
        material_code=place.code,
        rule=place.rule,
        public_id=public_id,
        by=by,
        at=at,
    )


def settle_document(
    place: Place,
    upload: Upload,
    replaces: str = "",
    *,
    partial: PartialUpload | None = None,
    checked: bool = False,
    by: User,
    at: datetime,
) -> Upload:
    """Let a taken file count, if its page is still open; else throw it away and say so.

    Under the lock: what was filed or sent meanwhile gets nothing added, and what is added must be reviewed again.
    checked: no scanner need see it. Raises UploadRefusedError, PlaceClosedError.
    """
    try:
        with transaction.atomic():
            place = locked_place(place, by=by, at=at)
            _check_room(place, replaces)
            if replaces:
                _remove(place, replaces, by=by, at=at)
            settle_upload(upload=upload, at=at, checked=checked)
            if partial is not None:
                close_partial(upload=partial, at=at)
            _note_change(place, at)
    except (UploadRefusedError, PlaceClosedError):
        drop_upload(upload)
        raise
    return upload


def _remove(place: Place, upload_id: str, *, by: User, at: datetime) -> None:
    upload = files_shown(place.application, codes=[place.code]).filter(public_id=upload_id).first()
    if upload is not None and (place.since is None or upload.uploaded_at >= place.since):
        remove_upload(upload=upload, by=by, at=at)


def _note_change(place: Place, at: datetime) -> None:
    if place.since is None:
        touch(place.application, at)
