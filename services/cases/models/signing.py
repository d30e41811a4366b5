"""What was signed and agreed to: the exact texts, who signed them, who was invited to sign."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from services.access.encryption import EncryptedJSONField, EncryptedTextField
from services.cases.enums import ConsentKind, InvitationState, SignatureMethod
from services.cases.models.applications import Application, new_public_id


class DeclarationText(models.Model):
    """A declaration or a consent word for word, in both languages, as it was shown. Written once, never changed.

    The database refuses changes (migration 0008): a new wording is a new version.
    """

    kind = models.CharField(max_length=20)
    version = models.CharField(max_length=20)
    text_zh = models.TextField()
    text_en = models.TextField()
    refusal_zh = models.TextField(blank=True, help_text="What follows when she does not agree")
    refusal_en = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, unique=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "version"],
                name="declaration_version_once",
                violation_error_message="This version of the text is known with another wording: raise the version.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class ReviewedText(models.Model):
    """Everything an applicant reviewed, exactly: `hash` is the SHA-256 of `content` in its canonical form.

    Kept for whoever signs it, and to tell what changed since.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="reviewed_texts")
    hash = models.CharField(max_length=64)
    content = EncryptedJSONField(bind="public_id")
    reviewed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "hash"],
                name="reviewed_text_once",
                violation_error_message="This text was reviewed already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}: {self.hash[:12]}"


class SignerInvitation(models.Model):
    """Somebody is asked by a link to sign with the applicant: by role and name, for a while, until taken back.

    slot: which of the required signatures it is for. code: stands in the link; found by its hash.
    invitee: the sign-in by which the person of this name opened it first.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="invitations")
    slot = models.CharField(max_length=60)
    role_zh = models.CharField(max_length=60)
    role_en = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    mobile = EncryptedTextField(bind="public_id", blank=True, default="")
    email = EncryptedTextField(bind="public_id", blank=True, default="")
    code = EncryptedTextField(bind="public_id")
    code_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    invitee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    opened_at = models.DateTimeField(null=True, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(max_length=500, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["invited_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "slot"],
                condition=Q(revoked_at__isnull=True, declined_at__isnull=True),
                name="invitation_one_open_per_slot",
                violation_error_message="This person is invited already.",
            ),
            models.CheckConstraint(
                condition=Q(declined_at__isnull=True) | ~Q(decline_reason=""),
                name="invitation_declined_with_a_reason",
                violation_error_message="Whoever declines says why.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.slot}"

    @property
    def path(self) -> str:
        """The page at which she signs; it opens for the person named only, so its address is no secret."""
        return f"/my/signing/{self.public_id}/"

    @property
    def public_path(self) -> str:
        """The page that tells whoever comes by a message how she signs; it says nothing of the application."""
        return f"/my/invited/{self.public_id}/"

    def state_at(self, at: datetime) -> InvitationState:
        """Return where the invitation stands."""
        if self.revoked_at is not None:
            return InvitationState.REVOKED
        if self.declined_at is not None:
            return InvitationState.DECLINED
        if self.signed_at is not None:
            return InvitationState.SIGNED
        return InvitationState.EXPIRED if at >= self.expires_at else InvitationState.OPEN


class Signature(models.Model):
    """Who signed which exact text, in which role, for whom, and how. A later change of the text voids it.

    slot: which of the required signatures it is. name: of who signed, as it stood on her identity document.
    on_behalf_of: the party, when she is not it herself ("organisation:3"). mandate: by which one she did, if by one.
    """

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="signatures")
    slot = models.CharField(max_length=60, default="applicant")
    role_zh = models.CharField(max_length=60, blank=True)
    role_en = models.CharField(max_length=100, blank=True)
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200, blank=True)
    on_behalf_of = models.CharField(max_length=40, blank=True)
    mandate_id = models.PositiveBigIntegerField(null=True, blank=True)
    invitation = models.ForeignKey(
        SignerInvitation, on_delete=models.PROTECT, null=True, blank=True, related_name="signatures"
    )
    method = models.CharField(max_length=10, choices=SignatureMethod)
    text_hash = models.CharField(max_length=64, help_text="SHA-256 of the reviewed answers and declarations")
    declaration = models.ForeignKey(DeclarationText, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    language = models.CharField(max_length=10, blank=True)
    signed_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["signed_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "slot", "text_hash"],
                condition=Q(voided_at__isnull=True),
                name="signature_once",
                violation_error_message="This text was signed already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.slot} by {self.signer_id}"


class Consent(models.Model):
    """One thing an applicant agreed to, with the exact text she saw. She may take it back for what is to come."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="consents")
    kind = models.CharField(max_length=20, choices=ConsentKind)
    version = models.CharField(max_length=20)
    text = models.ForeignKey(DeclarationText, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    language = models.CharField(max_length=10, blank=True)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "kind"],
                name="consent_once",
                violation_error_message="This consent is on record already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.application_id}"
