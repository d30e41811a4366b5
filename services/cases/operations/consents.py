"""Agree to things one by one, each with the exact text that was shown, and take it back for what is to come."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet

from services.cases.declarations import Wording, wordings
from services.cases.enums import ConsentKind
from services.cases.models import Application, Consent, DeclarationText
from services.cases.operations.drafts import NotAllowedError
from services.cases.permissions import can_act_in_full
from services.documents.models import KeptDocument, Upload
from services.documents.operations.keeping import drop_document
from workflows.operations.history import Fact, record_facts
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User


def stored_text(wording: Wording) -> DeclarationText:
    """Return the stored row of a text, written when it is first agreed to.

    Raises IntegrityError when the same version is known with another wording: the file was changed under it.
    """
    words = {name: getattr(wording, name) for name in ("text_zh", "text_en", "refusal_zh", "refusal_en")}
    row, _ = DeclarationText.objects.get_or_create(
        sha256=wording.sha256, defaults={"kind": wording.kind, "version": wording.version, **words}
    )
    return row


def record_consents(application: Application, kinds: Collection[str], *, language: str, by: User, at: datetime) -> None:
    """Keep what she agreed to when she filed, each with its text; unknown kinds are passed over.

    Effects: one row per consent. Whatever is not among `kinds` was refused, which keeps nobody from filing.
    """
    texts = wordings()
    Consent.objects.bulk_create(
        Consent(
            application=application,
            kind=kind,
            version=texts[kind].version,
            text=stored_text(texts[kind]),
            language=language,
            given_by=by,
            given_at=at,
        )
        for kind in sorted(set(kinds) & set(ConsentKind.values))
    )


@transaction.atomic
def withdraw_consent(*, application_id: int, kind: str, by: User, at: datetime) -> None:
    """Take a consent back (PIPL art. 15): what was done under it stands, nothing more is done. Twice is once.

    Effects: the consent ends, in history; from now on papers wait at the hand-out window when it was the one to
    electronic service, and the documents of this application leave the wallet when it was the one to keep them.
    Raises NotAllowedError, Consent.DoesNotExist.
    """
    application = Application.objects.get(pk=application_id)
    root = lock_root(application.run_id) if application.run_id else None
    if not can_act_in_full(by, application, at):
        raise NotAllowedError("Only the applicant, or who may sign for it, takes a consent back.")
    consent = Consent.objects.select_for_update().get(application=application, kind=kind)
    if consent.withdrawn_at is not None:
        return
    consent.withdrawn_by, consent.withdrawn_at = by, at
    consent.save(update_fields=["withdrawn_by", "withdrawn_at"])
    if kind == ConsentKind.KEEP_DOCUMENTS:
        for kept in KeptDocument.objects.filter(dropped_at=None, upload__in=_handed_in(application)):
            drop_document(kept=kept, by=by, at=at)
    if root is not None:
        fact = Fact(run_id=root.pk, kind="consent_withdrawn", detail={"consent": kind})
        record_facts(root=root, facts=[fact], by=by, at=at)


def _handed_in(application: Application) -> QuerySet[Upload]:
    return Upload.objects.filter(subject_kind="application", subject_id=str(application.pk))
