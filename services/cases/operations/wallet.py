"""Use what a wallet holds as a document of a draft, and keep documents of earlier applications."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from services.cases.models import Application
from services.cases.operations.drafts import NotAllowedError, locked_draft, touch
from services.cases.permissions import may_fill_for
from services.cases.queries.forms import documents_held, documents_wanted
from services.cases.queries.wallet import Certificate, Kept, keepable, wallet_of, wallet_parties
from services.documents import storage
from services.documents.models import KeptDocument, Upload
from services.documents.operations import ensure_rendered
from services.documents.operations.keeping import drop_document, hand_in_again, keep_document

if TYPE_CHECKING:
    from portal.accounts.models import User


class NotInWalletError(Exception):
    """The wallet holds nothing that can stand for this document: unknown, somebody else's, expired or revoked."""


def use_wallet_item(*, application_id: int, material: str, item: str, by: User, at: datetime) -> Upload:
    """Hand in what the applicant's wallet holds as a document of her draft.

    Args:
        application_id: of a draft.
        material: code of a document this application asks or the government holds.
        item: `code` of a certificate or kept document ("paper:…", "kept:…") of the applicant's own wallet.

    Effects: a file of the application whose origin is the wallet; the draft must be reviewed again.
    Raises NotInWalletError, NotAllowedError, AlreadySubmittedError, PaperNotRenderedError.
    """
    application = Application.objects.select_related("bundle__bundle", "service__item").get(pk=application_id)
    if not may_fill_for(by, application.party, channel=application.channel, at=at):  # type: ignore[arg-type]
        raise NotAllowedError("She may not change this application.")
    asked = {need.code for need in [*documents_wanted(application), *documents_held(application)]}
    found = next((one for one in wallet_of(application.party, at).items_for(material) if one.code == item), None)
    if material not in asked or found is None or application.party not in wallet_parties(by, at):
        raise NotInWalletError(item)
    with transaction.atomic():
        touch(locked_draft(application_id, by=by, at=at), at)
    return _hand_in(found, application, material, by=by, at=at)


def keep_for_later(*, public_id: str, by: User, at: datetime) -> KeptDocument:
    """Keep a file of one of the filed applications of the parties she receives for. Raises NotInWalletError."""
    for ref in wallet_parties(by, at):
        upload = keepable(ref).filter(public_id=public_id).first()
        if upload is not None:
            return keep_document(upload=upload, party_kind=ref.kind, party_id=ref.id, by=by, at=at)
    raise NotInWalletError(public_id)


def drop_kept(*, public_id: str, by: User, at: datetime) -> KeptDocument:
    """Take a kept file out of one of her wallets. Raises NotInWalletError."""
    for ref in wallet_parties(by, at):
        for kept in wallet_of(ref, at).kept:
            if kept.row.upload.public_id == public_id:
                return drop_document(kept=kept.row, by=by, at=at)
    raise NotInWalletError(public_id)


def _hand_in(found: Certificate | Kept, application: Application, material: str, *, by: User, at: datetime) -> Upload:
    if isinstance(found, Certificate):
        paper = ensure_rendered(paper=found.paper, at=at)
        title = paper.title_zh if application.language == "zh-hans" else paper.title_en
        path, name, media_type = storage.path_of(paper.storage_key), f"{title} {paper.number}.pdf", "application/pdf"
        source, names = paper.number, {"zh": paper.title_zh, "en": paper.title_en}
    else:
        upload = found.row.upload
        path, name, media_type = storage.path_of(upload.storage_key), upload.original_name, upload.media_type
        source, names = "", {"zh": upload.original_name, "en": upload.original_name}
    return hand_in_again(
        path=path,
        name=name,
        media_type=media_type,
        origin={"by": "wallet", "source": source, "name": names, "at": at.isoformat()},
        subject_kind="application",
        subject_id=application.pk,
        material_code=material,
        by=by,
        at=at,
    )
