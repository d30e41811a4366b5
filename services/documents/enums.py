"""Closed sets of uploads and official papers."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class UploadState(models.TextChoices):
    """Where a file is between the wire and the shelf. Only READY files count and are shown to offices."""

    PENDING = "pending", _("Being stored")
    CHECKING = "checking", _("Being checked")
    READY = "ready", _("Stored")
    REFUSED = "refused", _("Refused")
    REMOVED = "removed", _("Removed")


class ScanState(models.TextChoices):
    """What the virus scanner says of a file; NONE where no scanner is set up."""

    NONE = "none", _("No scanner")
    PENDING = "pending", _("Waits for the scanner")
    CLEAN = "clean", _("Clean")
    INFECTED = "infected", _("Infected")
    ERROR = "error", _("The scanner gave no answer")


class PaperKind(models.TextChoices):
    """The numbered official papers (文书); the text of each stands in templates/documents/<kind>.typ."""

    RECEIPT = "receipt", _("Application receipt")
    ACCEPTANCE_NOTICE = "acceptance_notice", _("Notice of acceptance")
    SUPPLEMENT_NOTICE = "supplement_notice", _("One-time supplement notice")
    NOT_COMPETENT_NOTICE = "not_competent_notice", _("Notice that another body is competent")
    NOT_SUPPLIED_NOTICE = "not_supplied_notice", _("Notice of closing without a decision")
    EXTENSION_NOTICE = "extension_notice", _("Notice of extension")
    PAUSE_NOTICE = "pause_notice", _("Notice of a special procedure")
    DEFERRED_NOTICE = "deferred_notice", _("Notice of documents that may follow")
    WITHDRAWAL_NOTICE = "withdrawal_notice", _("Notice that an application counts as withdrawn")
    WITHDRAWAL_RECEIPT = "withdrawal_receipt", _("Confirmation of a withdrawal")
    FEE_NOTICE = "fee_notice", _("Notice of a fee")
    FEE_RECEIPT = "fee_receipt", _("Receipt of a fee")
    HEARING_NOTICE = "hearing_notice", _("Notice of a hearing")
    RENEWAL_NOTICE = "renewal_notice", _("Decision on a renewal")
    DECISION_GRANT = "decision_grant", _("Decision to grant")
    DECISION_REFUSE = "decision_refuse", _("Decision not to grant")
    CERTIFICATE = "certificate", _("Certificate")
    FILING_RECEIPT = "filing_receipt", _("Filing receipt")
    CLOSING_NOTICE = "closing_notice", _("Closing notice")
    DELIVERY_RECEIPT = "delivery_receipt", _("Delivery receipt")


class PaperStatus(models.TextChoices):
    """Whether a paper is in force (GB/T 36904 certificate states 01, 03, 04)."""

    VALID = "valid", _("Valid")
    REVOKED = "revoked", _("Revoked")
    CANCELLED = "cancelled", _("Cancelled")


class DeliveryChannel(models.TextChoices):
    """How a paper reached its addressee."""

    ONLINE = "online", _("Electronic service")
    COUNTER = "counter", _("Collected at the counter")
    POST = "post", _("By post")


class OpeningResult(models.TextChoices):
    """What somebody who typed a shared code met; only the holder learns which."""

    SHOWN = "shown", _("Shown")
    EXPIRED = "expired", _("Expired: nothing was shown")
    REVOKED = "revoked", _("Taken back: nothing was shown")
    ENDED = "ended", _("Whoever made it no longer acts for the holder: nothing was shown")
    UNKNOWN = "unknown", _("No such code")


class VerificationStatus(models.TextChoices):
    """What the public verification page answers."""

    VALID = "valid", _("Valid")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("No longer in force")
    UNKNOWN = "unknown", _("Unknown")
