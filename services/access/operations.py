"""Writes of the access log, and the change of keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models, transaction

from services.access.encryption import EncryptedField, read_keyring
from services.access.models import AccessLog

if TYPE_CHECKING:
    from portal.accounts.models import User


def record_access(
    *,
    reader: User,
    subject_kind: str,
    subject_id: str | int,
    fields: Iterable[str],
    purpose: str,
    case_ref: str = "",
    at: datetime,
    allowed: bool = True,
) -> AccessLog:
    """Write down that `reader` saw, or was refused, these fields of a subject (PIPL art. 51, 54).

    It is written in the caller's transaction. A refusal must be recorded before the refusing exception is raised and
    outside the transaction that the exception rolls back.

    Args:
        reader: who looked.
        subject_kind: "person", "application", "case", "upload"…
        subject_id: the subject's id; "" when a look-up found nobody.
        fields: the names of the fields shown, never their values.
        purpose: why, in words the person concerned understands.
        case_ref: the number of the case it was done for, if any.
        at: when.
        allowed: False for a refused attempt.
    """
    return AccessLog.objects.create(
        reader=reader,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        fields=list(fields),
        purpose=purpose,
        case_ref=case_ref,
        at=at,
        allowed=allowed,
    )


def encrypted_models() -> list[tuple[type[models.Model], list[EncryptedField]]]:
    """Return every model with encrypted fields, and these."""
    found = [
        (model, [field for field in model._meta.concrete_fields if isinstance(field, EncryptedField)])
        for model in apps.get_models()
    ]
    return [(model, fields) for model, fields in found if fields]


def rotate_keys(*, model: type[models.Model], fields: list[EncryptedField], limit: int) -> int:
    """Write up to `limit` rows of a model again, so that the active key protects them; return how many.

    Rows are locked while they are written and skipped while somebody else holds them, so call until 0 comes back and
    no row is waiting. Safe to stop and to run beside the site: every live key reads.

    Args:
        model: one of `encrypted_models()`.
        fields: its encrypted fields.
        limit: rows of one transaction.
    """
    prefix = b"\x01" + read_keyring().active.to_bytes(2, "big")
    names = [field.attname for field in fields]
    with transaction.atomic():
        rows = list(_under_old_keys(model, fields, prefix).select_for_update(skip_locked=True, no_key=True)[:limit])
        for row in rows:
            for name in names:
                getattr(row, name)  # opens a row-bound value under its old key before it is written
            row.save(update_fields=names)
    return len(rows)


def rows_under_old_keys(model: type[models.Model], fields: list[EncryptedField]) -> int:
    """Return how many rows hold a value that another key than the active one wrote."""
    return _under_old_keys(model, fields, b"\x01" + read_keyring().active.to_bytes(2, "big")).count()


def _under_old_keys(
    model: type[models.Model], fields: list[EncryptedField], prefix: bytes
) -> models.QuerySet[models.Model]:
    columns = [f"substring({connection.ops.quote_name(field.column)} from 1 for 3) <> %s" for field in fields]
    table = connection.ops.quote_name(model._meta.db_table)
    key = connection.ops.quote_name(model._meta.pk.column)
    condition = " or ".join(columns)
    ids = RawSQL(f"select {key} from {table} where {condition}", [prefix] * len(fields))  # noqa: S608, S611
    return model._default_manager.filter(pk__in=ids).order_by("pk")
