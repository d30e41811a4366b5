"""What the API keeps of its own: tokens, and the answers to keyed requests."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from services.access.encryption import EncryptedTextField


class ApiToken(models.Model):
    """A sign-in for programs. Only the digest is stored; the token itself is shown once.

    session_hash ties it to the password and the session generation: changing either ends it at once.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    session_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")),
                name="api_token_ends_after_it_begins",
                violation_error_message="A token ends after it begins.",
            ),
        ]

    def __str__(self) -> str:
        return f"token of {self.user_id}"


class IdempotencyKey(models.Model):
    """The answer to a request that changed something, written in the same transaction as the change.

    A request that failed changed nothing and leaves no row: the key is free again. body: encrypted, it may hold names.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    route = models.CharField(max_length=200)
    key = models.CharField(max_length=128)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, address and body")
    status = models.PositiveSmallIntegerField(null=True)
    body = EncryptedTextField(default="")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "route", "key"],
                name="idempotency_key_once",
                violation_error_message="This key was used already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.route} by {self.user_id}"
