"""Questions about uploads and official papers."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet

from services.access.masking import mask_name
from services.documents import storage
from services.documents.enums import PaperKind, PaperStatus, UploadState, VerificationStatus
from services.documents.models import Delivery, Paper, Upload
from services.documents.seals import DemoSealAdapter, seal_adapter


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What anybody who holds a paper may know of it. The holder is masked; everything is empty when unknown.

    seal_valid: whether the stored file still carries a good signature; None while the file is not rendered.
    """

    status: VerificationStatus
    code: str
    number: str = ""
    title_zh: str = ""
    title_en: str = ""
    department_zh: str = ""
    department_en: str = ""
    holder: str = ""
    outside_number: str = ""
    issued_at: datetime | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    status_reason: str = ""
    status_changed_at: datetime | None = None
    sha256: str = ""
    specimen: bool = False
    seal_valid: bool | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a receipt says, as far as anybody who holds it may know: signers are masked. services: names in zh and en.

    content_hash: of what was filed. log_hash: the head of the case's history at filing, after `log_rows` rows.
    """

    application_number: str
    submitted_at: datetime
    services: Sequence[Mapping[str, str]]
    signers: Sequence[Mapping[str, Any]]
    content_hash: str
    log_hash: str
    log_rows: int


def uploads_of(subject_kind: str, subject_id: str | int, *, material_code: str | None = None) -> QuerySet[Upload]:
    """Return the stored files of a subject, oldest first; those of one document if asked."""
    found = Upload.objects.filter(subject_kind=subject_kind, subject_id=str(subject_id), state=UploadState.READY)
    return found if material_code is None else found.filter(material_code=material_code)


def codes_being_checked(subject_kind: str, subject_id: str | int) -> set[str]:
    """Return which documents of a subject hold a file that the virus scanner has not judged yet."""
    waiting = Upload.objects.filter(subject_kind=subject_kind, subject_id=str(subject_id), state=UploadState.CHECKING)
    return set(waiting.values_list("material_code", flat=True))


def papers_of(subject_kind: str, subject_id: str | int) -> QuerySet[Paper]:
    """Return the papers about a subject, oldest first."""
    return Paper.objects.filter(subject_kind=subject_kind, subject_id=str(subject_id))


def papers_of_subjects(subjects: Collection[tuple[str, str]]) -> QuerySet[Paper]:
    """Return the papers about several subjects in one query, with their deliveries, oldest first."""
    wanted = Q(pk__in=[])
    for kind, identifier in subjects:
        wanted |= Q(subject_kind=kind, subject_id=str(identifier))
    return Paper.objects.filter(wanted).prefetch_related("deliveries")


def paper_by_code(code: str) -> Paper | None:
    """Return the paper with this verification code as a person types it: spaces, hyphens, lower case are fine."""
    return Paper.objects.filter(verify_code=_normal(code)).first()


def deliveries_of(paper: Paper) -> QuerySet[Delivery]:
    """Return how a paper reached people, oldest first."""
    return Delivery.objects.filter(paper=paper)


def unrendered_papers() -> QuerySet[Paper]:
    """Return papers without a file after a failed attempt, for the administrator: `render_error` says why."""
    return Paper.objects.filter(storage_key="").exclude(render_error="")


def verify(code: str, *, at: datetime) -> Verification:
    """Say whether a paper is genuine and in force at an instant."""
    paper = paper_by_code(code)
    if paper is None:
        return Verification(status=VerificationStatus.UNKNOWN, code=_normal(code))
    holder = paper.holder
    return Verification(
        status=status_of(paper, at),
        code=paper.verify_code,
        number=paper.number,
        title_zh=paper.title_zh,
        title_en=paper.title_en,
        department_zh=paper.department_zh,
        department_en=paper.department_en,
        holder=holder["name"] if holder.get("kind") == "organisation" else mask_name(holder["name"]),
        outside_number=paper.outside_number,
        issued_at=paper.issued_at,
        valid_from=paper.valid_from,
        valid_until=paper.valid_until,
        status_reason=paper.status_reason,
        status_changed_at=paper.status_changed_at,
        sha256=paper.sha256,
        specimen=paper.specimen,
        seal_valid=_seal_valid(paper),
        receipt=_receipt(paper) if paper.kind == PaperKind.RECEIPT else None,
    )


def _receipt(paper: Paper) -> Receipt:
    facts = paper.facts
    return Receipt(
        application_number=facts["application_number"],
        submitted_at=datetime.fromisoformat(facts["submitted_at"]),
        services=[one["service"] for one in facts.get("services", ())],
        signers=[{"name": mask_name(one["name"]), "role": one["role"]} for one in facts.get("signers", ())],
        content_hash=facts.get("content_hash", ""),
        log_hash=facts.get("log_hash", ""),
        log_rows=facts.get("log_rows", 0),
    )


def matches_file(code: str, file: storage.ByteSource) -> bool:
    """Say whether a file somebody holds is, byte for byte, the paper with this code. The file is not kept."""
    paper = paper_by_code(code)
    digest = hashlib.sha256()
    while portion := file.read(storage.CHUNK_BYTES):
        digest.update(portion)
    return paper is not None and paper.sha256 != "" and digest.hexdigest() == paper.sha256


def _normal(code: str) -> str:
    return "".join(character for character in code.upper() if character.isalnum())[:32]


def status_of(paper: Paper, at: datetime) -> VerificationStatus:
    """Return whether a paper is in force at an instant."""
    if paper.status != PaperStatus.VALID:
        return VerificationStatus.REVOKED
    today = at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    return VerificationStatus.EXPIRED if paper.valid_until and paper.valid_until < today else VerificationStatus.VALID


def _seal_valid(paper: Paper) -> bool | None:
    if not paper.storage_key:
        return None
    path = storage.path_of(paper.storage_key)
    adapter = DemoSealAdapter() if paper.specimen else seal_adapter()
    return path.exists() and adapter.verify(path.read_bytes(), paper.seal_record)
