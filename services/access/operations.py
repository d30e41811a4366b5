"""Writes of the access log, and the change of keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models.functions import Cast, Substr

from services.access.encryption import EncryptedField, active_head
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


@contextmanager
def one_after_another(*about: object) -> Iterator[None]:
    """Let tries that are counted together follow one another: each sees what the one before wrote down.

    A transaction that holds a lock on a name, not on a row, until it ends. What must stay written is not followed by an
    exception inside: a refusal is raised afterwards. about: what is counted together, such as a purpose and a user.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_advisory_xact_lock(hashtextextended(%s, 0))", ["\x1f".join(str(part) for part in about)]
            )
        yield


def encrypted_models() -> list[tuple[type[models.Model], list[EncryptedField]]]:
    """Return every model with encrypted columns, and these."""
    found = [
        (model, [field for field in model._meta.concrete_fields if isinstance(field, EncryptedField)])
        for model in apps.get_models()
        if model._meta.managed
    ]
    return [(model, fields) for model, fields in found if fields]


@transaction.atomic
def rotate_keys(*, model: type[models.Model], fields: list[EncryptedField], limit: int) -> int:
    """Write up to `limit` rows of a model again, so that the active key protects them; return how many.

    Rows that somebody else holds are skipped, so call until no row is waiting. It may be stopped at any time and run
    beside the site, because every live key reads.

    Args:
        model: one of `encrypted_models()`.
        fields: its encrypted fields.
        limit: rows of this transaction.
    """
    rows = list(rows_under_old_keys(model, fields).select_for_update(skip_locked=True, no_key=True)[:limit])
    for row in rows:
        models.Model.save(row, update_fields=[field.attname for field in fields])
    return len(rows)


def rows_under_old_keys(model: type[models.Model], fields: list[EncryptedField]) -> models.QuerySet[models.Model]:
    """Return the rows that hold a value which another key than the active one wrote."""
    waiting, rows = models.Q(), model._base_manager.order_by("pk")
    for field in fields:
        name, head = field.attname, f"{field.attname}_head"
        stored = Cast(name, models.BinaryField())
        rows = rows.alias(**{head: Substr(stored, 1, 3, output_field=models.BinaryField())})
        waiting |= ~models.Q(**{head: active_head()}) & models.Q(**{f"{name}__isnull": False})
    return rows.filter(waiting)
