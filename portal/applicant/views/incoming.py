"""Files in parts: the tus protocol 1.0 (tus.io/protocols/resumable-upload) with creation, expiration, termination.

An upload that was interrupted goes on where it stopped; a part that was sent twice counts once. A file is checked when
its last part has arrived, in the answer to that part.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.applicant.views.documents import place_or_404, plain_word
from services.cases.operations.documents import begin_document, finish_document
from services.cases.queries.places import PlaceClosedError
from services.documents.file_types import UploadRefusedError
from services.documents.models import PartialUpload
from services.documents.operations.partial_uploads import (
    OffsetError,
    PartialBusyError,
    PartialGoneError,
    append_part,
    fingerprint,
    give_up_partial,
)
from workflows.queries.calendars import database_now

VERSION = "1.0.0"
PART_TYPE = "application/offset+octet-stream"
TOO_MUCH = frozenset({"size", "quota"})


@require_http_methods(["POST", "OPTIONS"])
def begin(request: HttpRequest, kind: str, public_id: str, code: str) -> HttpResponse:
    """Begin a file for a document, or find the same one begun before; the answer says where its parts go."""
    at = database_now()
    place = place_or_404(request, kind, public_id, code, at)
    if request.method == "OPTIONS":
        return _answer(204, {"Tus-Extension": "creation,expiration,termination", "Tus-Max-Size": place.rule.bytes})
    length, about = _number(request, "Upload-Length"), _metadata(request)
    if wrong := _wrong_version(request):
        return wrong
    if length is None or about is None:
        return _said(400, "headers", _("The upload was not announced as it must be. Please reload the page."))
    try:
        partial = begin_document(
            place=place,
            length=length,
            sha256=fingerprint(about.get("sha256", "")),
            original_name=about.get("filename", ""),
            declared_type=plain_word(about.get("filetype", "")),
            replaces=plain_word(about.get("replaces", "")),
            by=request.user,
            at=at,
        )
    except (UploadRefusedError, PlaceClosedError) as error:
        return _refused(error)
    address = reverse("applicant:part", args=[partial.public_id])
    return _answer(201, {"Location": address, **_standing(partial)})


@require_http_methods(["HEAD", "PATCH", "DELETE"])
def part(request: HttpRequest, public_id: str) -> HttpResponse:
    """Say how much arrived (HEAD), take the next part (PATCH), or give the file up (DELETE)."""
    found = PartialUpload.objects.filter(public_id=public_id, owner=request.user, refusal="").first()
    if found is None:
        return _gone()
    if wrong := _wrong_version(request):
        return wrong
    try:
        if request.method == "PATCH":
            return _next_part(request, public_id)
        if request.method == "DELETE":
            give_up_partial(public_id=public_id, by=request.user)
            return _answer(204, {})
        return _answer(200, _standing(found))
    except PartialGoneError:
        return _gone()
    except PartialBusyError:
        return _said(423, "busy", _("This file is being worked on already. Please wait a moment."))


def _next_part(request: HttpRequest, public_id: str) -> HttpResponse:
    offset, length = _number(request, "Upload-Offset"), _number(request, "Content-Length")
    if request.content_type != PART_TYPE:
        return _said(415, "type", _("A part of a file comes as %(type)s.") % {"type": PART_TYPE})
    if offset is None or length is None:
        return _said(400, "headers", _("The upload was not announced as it must be. Please reload the page."))
    if length > settings.UPLOAD_PART_BYTES:
        return _said(413, "part", _("Parts are at most %(bytes)s bytes.") % {"bytes": settings.UPLOAD_PART_BYTES})
    body = request.read(length)
    if len(body) != length:
        return _said(400, "cut", _("The connection broke off. The upload goes on where it stopped."))
    at = database_now()
    try:
        partial = append_part(public_id=public_id, offset=offset, part=body, by=request.user, at=at)
        if partial.received == partial.length:
            finish_document(public_id=public_id, by=request.user, at=at)
    except OffsetError as error:
        return _said(409, "offset", str(error), {"Upload-Offset": error.received})
    except (UploadRefusedError, PlaceClosedError) as error:
        return _refused(error)
    return _answer(204, _standing(partial))


def _standing(partial: PartialUpload) -> dict[str, object]:
    expires = partial.changed_at + dt.timedelta(hours=settings.UPLOAD_PARTS_HOURS)
    return {
        "Upload-Offset": partial.received,
        "Upload-Length": partial.length,
        "Upload-Expires": http_date(expires.timestamp()),
    }


def _answer(status: int, headers: dict[str, object]) -> HttpResponse:
    fixed = {"Tus-Resumable": VERSION, "Tus-Version": VERSION, "Cache-Control": "no-store"}
    return HttpResponse(status=status, headers={**fixed, **{name: str(value) for name, value in headers.items()}})


def _said(status: int, code: str, message: str, headers: dict[str, object] | None = None) -> HttpResponse:
    response = JsonResponse({"code": code, "message": message}, status=status)
    for name, value in {"Tus-Resumable": VERSION, "Cache-Control": "no-store", **(headers or {})}.items():
        response[name] = str(value)
    return response


def _refused(error: UploadRefusedError | PlaceClosedError) -> HttpResponse:
    if isinstance(error, UploadRefusedError):
        return _said(413 if error.code in TOO_MUCH else 422, error.code, str(error))
    return _said(410, "closed", _("Nothing can be handed in here any more. Please reload the page."))


def _gone() -> HttpResponse:
    return _said(404, "gone", _("This upload is no longer known. Please choose the file again."))


def _wrong_version(request: HttpRequest) -> HttpResponse | None:
    if request.headers.get("Tus-Resumable") == VERSION:
        return None
    return _said(412, "version", _("Uploads in parts follow version %(version)s of tus.") % {"version": VERSION})


def _number(request: HttpRequest, header: str) -> int | None:
    text = request.headers.get(header, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def _metadata(request: HttpRequest) -> dict[str, str] | None:
    """Return Upload-Metadata as a mapping, None if it cannot be read: "key base64, key base64"."""
    found = {}
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        key, _blank, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return None
    return found
