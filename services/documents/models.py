"""Uploads, official papers, how each was delivered and shown, and the counters their numbers come from."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from services.access.encryption import EncryptedJSONField, EncryptedTextField
from services.documents.enums import DeliveryChannel, OpeningResult, PaperKind, PaperStatus, ScanState, UploadState


def new_public_id() -> str:
    """Return an id that may stand in an address: unguessable, so that nothing can be counted or tried."""
    return secrets.token_urlsafe(12)


def new_verify_code() -> str:
    """Return the code a QR carries: 16 characters without look-alikes, about 79 bits."""
    return "".join(secrets.choice("23456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _place in range(16))


class Upload(models.Model):
    """A file somebody handed in: the sanitised copy everybody sees, and the original as evidence.

    subject_kind, subject_id: what it belongs to, e.g. ("application", "12"). size: bytes of the sanitised copy.
    origin: empty for what was handed in; else {"by": "source" or "wallet", "source": the register's code or the paper's
    number, "name": {"zh", "en"}, "at": ISO instant}. The original of a register's record is the record as JSON.
    scan: the scanner's verdict about the original. scan_after: when it is asked (again). scan_note: what it found, or
    why it could not say.
    """

    public_id = models.CharField(max_length=20, unique=True, default=new_public_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="uploads")
    subject_kind = models.CharField(max_length=30)
    subject_id = models.CharField(max_length=40)
    material_code = models.CharField(max_length=80)
    original_name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=80, unique=True)
    original_sha256 = models.CharField(max_length=64)
    original_key = models.CharField(max_length=80, unique=True)
    origin = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=UploadState, default=UploadState.PENDING)
    scan = models.CharField(max_length=10, choices=ScanState, default=ScanState.NONE)
    scan_after = models.DateTimeField(null=True, blank=True)
    scan_attempts = models.PositiveSmallIntegerField(default=0)
    scan_note = models.CharField(max_length=200, blank=True)
    scanned_at = models.DateTimeField(null=True, blank=True)
    uploaded_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="removed_uploads"
    )

    class Meta:
        ordering = ["uploaded_at", "pk"]
        indexes = [
            models.Index(fields=["subject_kind", "subject_id"], name="upload_subject"),
            models.Index(fields=["owner", "uploaded_at"], name="upload_owner_day"),
            models.Index(fields=["scan_after"], condition=Q(state=UploadState.CHECKING), name="upload_to_scan"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=UploadState.REMOVED, removed_at__isnull=False)
                | (~Q(state=UploadState.REMOVED) & Q(removed_at=None)),
                name="upload_removed_has_instant",
                violation_error_message=_("A removed file has the instant of its removal, any other has none."),
            )
        ]

    @property
    def previewed(self) -> bool:
        """Whether the server can draw a picture of it."""
        return self.state == UploadState.READY and self.media_type in ("image/jpeg", "image/png", "application/pdf")


class PartialUpload(models.Model):
    """A file that arrives in parts: it goes on where it stopped, and becomes the Upload of the same public id.

    kind, place: the page it is for ("draft" and the application's public id …). received: bytes that lie on disk and
    count. sha256: what the sender says the whole file must give, "" if she could not compute it. replaces: public id
    of the upload that goes once this one is there. held_until: somebody is finishing it until then. finished_at: it
    became an Upload, or was refused (refusal: why, in a word).
    """

    public_id = models.CharField(max_length=20, unique=True, default=new_public_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="partial_uploads")
    kind = models.CharField(max_length=20)
    place = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=30)
    subject_id = models.CharField(max_length=40)
    material_code = models.CharField(max_length=80)
    original_name = models.CharField(max_length=200)
    declared_type = models.CharField(max_length=100, blank=True)
    length = models.PositiveBigIntegerField()
    received = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    replaces = models.CharField(max_length=20, blank=True)
    storage_key = models.CharField(max_length=80, unique=True)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    held_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    refusal = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["started_at", "pk"]
        indexes = [
            models.Index(fields=["changed_at"], name="partial_upload_age"),
            models.Index(fields=["subject_kind", "subject_id"], name="partial_upload_subject"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(received__lte=F("length")),
                name="partial_upload_within_length",
                violation_error_message=_("No more bytes can arrive than the file has."),
            )
        ]

    @property
    def percent(self) -> int:
        """How much arrived, rounded down."""
        return 100 * self.received // self.length if self.length else 0


class PaperCounter(models.Model):
    """The last number given to a kind of paper by a department in a year; its row is locked while one is taken."""

    department = models.CharField(max_length=20)
    kind = models.CharField(max_length=30, choices=PaperKind)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["department", "kind", "year"], name="paper_counter_once"),
        ]


class Paper(models.Model):
    """A numbered official paper. Number and facts are fixed at issue; the file is rendered from them, always the same.

    facts and holder: encrypted. storage_key: empty until the file is rendered. outside_number: the number another
    system gave the same result (a permit number of a national register), never made here. specimen: not a legal paper.
    """

    public_id = models.CharField(max_length=20, unique=True, default=new_public_id, editable=False)
    number = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=30, choices=PaperKind)
    department = models.CharField(max_length=20)
    department_zh = models.CharField(max_length=100)
    department_en = models.CharField(max_length=150)
    subject_kind = models.CharField(max_length=30)
    subject_id = models.CharField(max_length=40)
    title_zh = models.CharField(max_length=150)
    title_en = models.CharField(max_length=200)
    language = models.CharField(max_length=10)
    facts = EncryptedJSONField(bind="public_id")
    holder = EncryptedJSONField(bind="public_id")
    outside_number = models.CharField(max_length=80, blank=True)
    verify_code = models.CharField(max_length=32, unique=True, default=new_verify_code, editable=False)
    specimen = models.BooleanField()
    status = models.CharField(max_length=10, choices=PaperStatus, default=PaperStatus.VALID)
    status_reason = models.CharField(max_length=300, blank=True)
    status_changed_at = models.DateTimeField(null=True, blank=True)
    status_changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="revoked_papers"
    )
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="issued_papers"
    )
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    storage_key = models.CharField(max_length=80, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(null=True, blank=True)
    seal_record = models.JSONField(default=dict, blank=True)
    rendered_at = models.DateTimeField(null=True, blank=True)
    render_attempts = models.PositiveSmallIntegerField(default=0)
    render_after = models.DateTimeField()
    render_error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["issued_at", "pk"]
        indexes = [
            models.Index(fields=["subject_kind", "subject_id"], name="paper_subject"),
            models.Index(fields=["render_after"], condition=Q(storage_key=""), name="paper_to_render"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(storage_key="", sha256="", rendered_at=None)
                | (~Q(storage_key="") & ~Q(sha256="") & Q(rendered_at__isnull=False, size__isnull=False)),
                name="paper_file_is_whole",
                violation_error_message=_(
                    "A rendered paper has its file, its fingerprint and the instant; any other has none."
                ),
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_from=None) | Q(valid_until__gte=F("valid_from")),
                name="paper_validity_forward",
                violation_error_message=_("A paper cannot end before it begins."),
            ),
        ]


class Delivery(models.Model):
    """That a paper reached somebody: how, when, and the proof.

    proof: channel online {"consent": id}; counter {"collected_by": masked name, "document": kind shown}; post
    {"tracking": number}. opened_at: when the addressee first opened it on line.
    """

    paper = models.ForeignKey(Paper, models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=10, choices=DeliveryChannel)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="paper_deliveries"
    )
    delivered_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    proof = models.JSONField(default=dict)

    class Meta:
        ordering = ["delivered_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["paper", "channel", "recipient"],
                nulls_distinct=False,
                name="delivery_once_per_channel_and_recipient",
            )
        ]


class KeptDocument(models.Model):
    """A document handed in once and kept in a party's wallet for later applications, because she agreed to it.

    consent_hash: SHA-256 of the exact text she agreed to, "" for those kept before texts were stored. kept_until: the
    last day it is offered. dropped_at: she took it back; the file stays with the application it came with.
    """

    upload = models.OneToOneField(Upload, models.PROTECT, related_name="kept")
    party_kind = models.CharField(max_length=20)
    party_id = models.PositiveBigIntegerField()
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    consent_hash = models.CharField(max_length=64, blank=True)
    kept_at = models.DateTimeField()
    kept_until = models.DateField()
    dropped_at = models.DateTimeField(null=True, blank=True)
    dropped_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-kept_at", "-pk"]
        indexes = [models.Index(fields=["party_kind", "party_id"], name="kept_document_of_party")]


class ShareCode(models.Model):
    """A code that shows one certificate's facts for a while. The code itself is never kept, only its keyed hash."""

    public_id = models.CharField(max_length=20, unique=True, default=new_public_id, editable=False)
    paper = models.ForeignKey(Paper, models.PROTECT, related_name="shares")
    party_kind = models.CharField(max_length=20)
    party_id = models.PositiveBigIntegerField()
    code_index = models.BinaryField(max_length=34, unique=True)
    purpose = EncryptedTextField(bind="public_id")
    shared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    shared_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-shared_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("shared_at")),
                name="share_code_ends_after_it_begins",
                violation_error_message=_("A code works for a while."),
            ),
        ]


class ShareOpening(models.Model):
    """That a code was opened, or tried. network: keyed hash of the network it came from. share: none if unknown."""

    share = models.ForeignKey(ShareCode, models.PROTECT, null=True, blank=True, related_name="openings")
    network = models.BinaryField(max_length=34)
    opened_at = models.DateTimeField()
    result = models.CharField(max_length=10, choices=OpeningResult)

    class Meta:
        ordering = ["-opened_at", "-pk"]
        indexes = [models.Index(fields=["network", "-opened_at"], name="share_opening_by_network")]
