"""Writes of the API's own tables."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction

from portal.accounts.models import User
from portal.api.models import ApiToken, IdempotencyKey


def issue_token(*, user: User, at: datetime) -> tuple[str, ApiToken]:
    """Give a program a token that lasts settings.API_TOKEN_LIFETIME; returns it in clear, this once."""
    text = secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        digest=digest_of(text),
        session_hash=user.get_session_auth_hash(),
        created_at=at,
        expires_at=at + settings.API_TOKEN_LIFETIME,
    )
    return text, token


def revoke_token(*, token: ApiToken) -> None:
    """End a token now."""
    ApiToken.objects.filter(pk=token.pk).delete()


def digest_of(text: str) -> str:
    """Return what is stored of a token. It is random and long, so a plain hash is enough."""
    return hashlib.sha256(text.encode()).hexdigest()


def claim_key(*, user: User, route: str, key: str, fingerprint: str, at: datetime) -> tuple[IdempotencyKey, bool]:
    """Take an idempotency key, within the caller's transaction; returns its row and whether it is new.

    While another transaction holds the same key this waits for it, at most `lock_timeout`, and then sees its answer.
    Raises OperationalError when the wait was too long. An answer older than settings.API_KEY_KEPT counts as gone.
    """
    scope = {"user": user, "route": route, "key": key}
    IdempotencyKey.objects.filter(**scope, created_at__lt=at - settings.API_KEY_KEPT).delete()
    return IdempotencyKey.objects.get_or_create(**scope, defaults={"fingerprint": fingerprint, "created_at": at})


def store_answer(*, row: IdempotencyKey, status: int, body: str) -> None:
    """Keep the answer beside its key."""
    row.status, row.body = status, body
    row.save(update_fields=["status", "body"])


@transaction.atomic
def forget_old(*, at: datetime) -> int:
    """Delete answers older than settings.API_KEY_KEPT and tokens that ended; returns how many rows."""
    keys, _ = IdempotencyKey.objects.filter(created_at__lt=at - settings.API_KEY_KEPT).delete()
    tokens, _ = ApiToken.objects.filter(expires_at__lte=at).delete()
    return keys + tokens
