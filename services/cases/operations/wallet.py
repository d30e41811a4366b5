"""Use what a wallet holds as a document that is asked for, and keep documents of earlier applications."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from services.cases.declarations import wordings
from services.cases.enums import ConsentKind
from services.cases.models import Application, DeclarationText
from services.cases.operations.consents import stored_text, withdraw_consent
from services.cases.operations.documents import open_place, settle_document
from services.cases.queries.places import ANSWER, Place
from services.cases.queries.wallet import Certificate, Kept, keepable, last_day_kept, wallet_of, wallet_parties
from services.documents import storage
from services.documents.models import KeptDocument, Upload
from services.documents.operations import ensure_rendered
from services.documents.operations.keeping import drop_document, hand_in_again, keep_document
from services.parties.references import PartyRef
from workflows.operations.locking import lock_root

if TYPE_CHECKING:
    from portal.accounts.models import User


class KeepingNotAgreedError(Exception):
    """She has not agreed to the text about keeping documents, or another version of it is in force by now."""


class NotInWalletError(Exception):
    """The wallet holds nothing that can stand for this document: unknown, somebody else's, expired or revoked."""


def use_wallet_item(*, place: Place, item: str, by: User, at: datetime) -> Upload:
    """Hand in what the applicant's wallet holds as the document of a page.

    Args:
        place: where, as `services.cases.queries.places.place_of` found it.
        item: `code` of a certificate or kept document ("paper:…", "kept:…") of the applicant's own wallet that can
            stand for the document; any of them in the answer to a question.
        by: who hands it in; she receives for the applicant.
        at: when.

    Effects: a file of the application whose origin is the wallet; a draft must be reviewed again.
    Raises NotInWalletError, PlaceClosedError, UploadRefusedError, PaperNotRenderedError.
    """
    application = place.application
    wallet = wallet_of(application.party, at)
    # What a department asks in a question of its own is no document of the catalogue: she chooses what answers it.
    items = wallet.all_items() if place.kind == ANSWER else wallet.items_for(place.code)
    found = next((one for one in items if one.code == item), None)
    if found is None or application.party not in wallet_parties(by, at):
        raise NotInWalletError(item)
    given = _stored(found, application, at)
    place = open_place(place, length=given["path"].stat().st_size, by=by, at=at)
    upload = hand_in_again(
        **given, subject_kind="application", subject_id=application.pk, material_code=place.code, by=by, at=at
    )
    return settle_document(place, upload, checked=True, by=by, at=at)


@transaction.atomic
def keep_for_later(*, public_ids: Collection[str], agreed: str, by: User, at: datetime) -> int:
    """Keep files of filed applications of the parties she receives for, because she agreed to it; return how many.

    agreed: SHA-256 of the consent's text that she was shown and ticked (PIPL arts. 14 and 29). Files that are not there
    any more are left out. Raises KeepingNotAgreedError.
    """
    wording = wordings()[ConsentKind.KEEP_DOCUMENTS]
    if agreed != wording.sha256:
        raise KeepingNotAgreedError("Documents are kept only after she agreed to the text in force.")
    kept = 0
    for ref in wallet_parties(by, at):
        for upload in keepable(ref, at).filter(public_id__in=public_ids):
            _keep(upload, ref, stored_text(wording), by=by, at=at)
            kept += 1
    return kept


def keep_documents_of(application: Application, *, by: User, at: datetime) -> None:
    """Keep what was handed in with an application whose applicant agreed to that and did not take it back.

    What she dropped from her wallet stays dropped. The caller holds the application's lock.
    """
    consent = application.consents.filter(kind=ConsentKind.KEEP_DOCUMENTS, withdrawn_at=None).first()
    if consent is None or consent.text is None:
        return
    files = keepable(application.party, at).filter(subject_id=str(application.pk), kept__isnull=True)
    for upload in files:
        _keep(upload, application.party, consent.text, by=by, at=at)


def drop_kept(*, public_id: str, by: User, at: datetime) -> KeptDocument:
    """Take a kept file out of one of her wallets. Raises NotInWalletError."""
    for ref in wallet_parties(by, at):
        for kept in wallet_of(ref, at).kept:
            if kept.row.upload.public_id == public_id:
                return drop_document(kept=kept.row, by=by, at=at)
    raise NotInWalletError(public_id)


@transaction.atomic
def stop_keeping(*, party: PartyRef, by: User, at: datetime) -> int:
    """Take back every consent to keep documents of a party: all are dropped, or none; return how many. Twice is once.

    Raises NotInWalletError, NotAllowedError: who only receives drops documents one by one.
    """
    if party not in wallet_parties(by, at):
        raise NotInWalletError(party.kind)
    agreed = Application.objects.filter(party_kind=party.kind, party_id=party.id, submitted_at__isnull=False)
    agreed = agreed.filter(consents__kind=ConsentKind.KEEP_DOCUMENTS, consents__withdrawn_at=None)
    for run_id in agreed.filter(run_id__isnull=False).order_by("run_id").values_list("run_id", flat=True).distinct():
        lock_root(run_id)  # all of them before anything else, always in this order
    dropped = len(wallet_of(party, at).kept)
    for application_id in agreed.order_by("pk").values_list("pk", flat=True):
        withdraw_consent(application_id=application_id, kind=ConsentKind.KEEP_DOCUMENTS, by=by, at=at)
    for kept in wallet_of(party, at).kept:
        drop_document(kept=kept.row, by=by, at=at)
    return dropped


def _keep(upload: Upload, party: PartyRef, text: DeclarationText, *, by: User, at: datetime) -> None:
    keep_document(
        upload=upload, party_kind=party.kind, party_id=party.id, consent_hash=text.sha256,
        until=last_day_kept(at), by=by, at=at,
    )  # fmt: skip


def _stored(found: Certificate | Kept, application: Application, at: datetime) -> dict[str, Any]:
    """Return the file of a wallet's item: path, name, media type, and the origin its copy gets."""
    if isinstance(found, Certificate):
        paper = ensure_rendered(paper=found.paper, at=at)
        title = paper.title_zh if application.language == "zh-hans" else paper.title_en
        path, name, media_type = storage.path_of(paper.storage_key), f"{title} {paper.number}.pdf", "application/pdf"
        source, names = paper.number, {"zh": paper.title_zh, "en": paper.title_en}
    else:
        upload = found.row.upload
        path, name, media_type = storage.path_of(upload.storage_key), upload.original_name, upload.media_type
        source, names = "", {"zh": upload.original_name, "en": upload.original_name}
    origin = {"by": "wallet", "source": source, "name": names, "at": at.isoformat()}
    return {"path": path, "name": name, "media_type": media_type, "origin": origin}
