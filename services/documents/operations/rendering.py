"""Render the file of an issued paper: once, the same bytes whoever does it, retried until it works."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import override

from services.access.operations import record_access
from services.documents import storage, typesetting
from services.documents.enums import DeliveryChannel
from services.documents.facts import in_language
from services.documents.models import Delivery, Paper
from services.documents.operations.uploads import StoredFile
from services.documents.seals import DemoSealAdapter, SealAdapter, SealError, seal_adapter

if TYPE_CHECKING:
    from portal.accounts.models import User

LEASE = dt.timedelta(seconds=60)
FIRST_RETRY = dt.timedelta(seconds=30)
LAST_RETRY = dt.timedelta(hours=1)
_log = logging.getLogger(__name__)


class PaperNotRenderedError(Exception):
    """The file of the paper cannot be made now; the message is for the administrator, and it is tried again."""


class PaperFileDamagedError(Exception):
    """The stored file is missing or is not the one that was issued."""


def render_paper(*, paper_id: int, at: dt.datetime) -> Paper:
    """Make and keep the file of a paper unless it is there; safe to run twice and at the same time.

    Effects: the file under a random key, its fingerprint and the seal's signature on the row. Typesetting and sealing
    run outside the transaction. On failure the attempt is noted with a later instant to try again.
    Raises PaperNotRenderedError.
    """
    paper = Paper.objects.get(pk=paper_id)
    if paper.storage_key:
        return paper
    try:
        adapter = _adapter_for(paper)
        pdf = typesetting.draw(paper.kind, _content(paper, adapter), created_at=paper.issued_at)
        record = adapter.sign(pdf, department=paper.department)
    except (typesetting.TypesettingError, SealError) as error:
        _note_failure(paper, str(error), at)
        raise PaperNotRenderedError(str(error)) from error
    return _keep(paper, pdf, record.as_dict(), at)


def ensure_rendered(*, paper: Paper, at: dt.datetime) -> Paper:
    """Return the paper with its file, rendering it now if the job has not yet. Raises PaperNotRenderedError."""
    return paper if paper.storage_key else render_paper(paper_id=paper.pk, at=at)


def render_papers(*, at: dt.datetime, limit: int = 20) -> int:
    """Render papers whose file is owed; return how many were made. Several workers share the work."""
    done = 0
    for paper_id in _claim(at, limit):
        try:
            render_paper(paper_id=paper_id, at=at)
            done += 1
        except PaperNotRenderedError:
            # No personal data in the log: what is missing stands on the row, for the administrator.
            _log.warning("paper_not_rendered", extra={"paper": paper_id})
    return done


def open_paper(*, paper: Paper, reader: User, purpose: str, case_ref: str = "", at: dt.datetime) -> StoredFile:
    """Return the file to send, after writing down who reads it. Whether she may was decided by the caller.

    Effects: rendered if it was not; an access log row; the first opening by the addressee of an electronic delivery.
    Raises PaperNotRenderedError, PaperFileDamagedError.
    """
    paper = ensure_rendered(paper=paper, at=at)
    path = storage.path_of(paper.storage_key)
    if not path.exists() or storage.digest_of(path) != paper.sha256:
        raise PaperFileDamagedError(paper.number)
    record_access(
        reader=reader,
        subject_kind=paper.subject_kind,
        subject_id=paper.subject_id,
        fields=[f"paper:{paper.kind}"],
        purpose=purpose,
        case_ref=case_ref,
        at=at,
    )
    Delivery.objects.filter(paper=paper, channel=DeliveryChannel.ONLINE, recipient=reader, opened_at=None).update(
        opened_at=at
    )
    title = paper.title_zh if paper.language == "zh-hans" else paper.title_en
    return StoredFile(path=path, name=f"{title} {paper.number}.pdf", media_type="application/pdf")


@transaction.atomic
def _claim(at: dt.datetime, limit: int) -> list[int]:
    waiting = Paper.objects.filter(storage_key="", render_after__lte=at).order_by("render_after", "pk")
    ids = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
    Paper.objects.filter(pk__in=ids).update(render_after=at + LEASE)
    return ids


@transaction.atomic
def _keep(paper: Paper, pdf: bytes, record: dict[str, str], at: dt.datetime) -> Paper:
    received = storage.write([pdf])
    try:
        locked = Paper.objects.select_for_update().get(pk=paper.pk)
        if locked.storage_key:
            return locked
        key = storage.new_key("papers", "pdf")
        storage.keep(received, key)
    finally:
        storage.discard(received)
    locked.storage_key, locked.sha256, locked.size = key, received.sha256, received.size
    locked.seal_record, locked.rendered_at, locked.render_error = record, at, ""
    locked.save(update_fields=["storage_key", "sha256", "size", "seal_record", "rendered_at", "render_error"])
    return locked


def _note_failure(paper: Paper, message: str, at: dt.datetime) -> None:
    wait = min(FIRST_RETRY * 2 ** min(paper.render_attempts, 10), LAST_RETRY)
    Paper.objects.filter(pk=paper.pk, storage_key="").update(
        render_attempts=paper.render_attempts + 1, render_after=at + wait, render_error=message[:300]
    )


def _adapter_for(paper: Paper) -> SealAdapter:
    # What was issued as a specimen stays one, and a real paper never gets the demo mark, whatever is configured by now.
    if paper.specimen:
        return DemoSealAdapter()
    adapter = seal_adapter()
    if adapter.specimen:
        raise SealError("The paper needs a real seal, but SEAL_ADAPTER names a demonstration adapter.")
    return adapter


def _content(paper: Paper, adapter: SealAdapter) -> dict[str, Any]:
    chinese = paper.language == "zh-hans"
    verify_url = f"{settings.SITE_URL.rstrip('/')}/verify/{paper.verify_code}"
    with override(paper.language):
        mark = adapter.mark(department=paper.department, language=paper.language)
    return {
        "language": paper.language,
        "number": paper.number,
        "title": paper.title_zh if chinese else paper.title_en,
        "title_other": paper.title_en if chinese else paper.title_zh,
        "department": paper.department_zh if chinese else paper.department_en,
        "issued_at": paper.issued_at.astimezone(ZoneInfo(settings.TIME_ZONE)).isoformat(timespec="minutes"),
        "specimen": paper.specimen,
        "seal": {"svg": mark.svg, "description": mark.description},
        "qr_svg": typesetting.qr_svg(verify_url),
        "verify_url": verify_url,
        "verify_code": paper.verify_code,
        "verify_code_spaced": " ".join(paper.verify_code[at : at + 4] for at in range(0, len(paper.verify_code), 4)),
        "holder": in_language(paper.holder, paper.language),
        "facts": in_language(paper.facts, paper.language),
        "outside_number": paper.outside_number,
        "valid_from": paper.valid_from.isoformat() if paper.valid_from else None,
        "valid_until": paper.valid_until.isoformat() if paper.valid_until else None,
    }
