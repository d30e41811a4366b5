"""One document on a page: what is asked, the files so far with the state of each, and where the browser sends more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from services.cases.models import Application
from services.cases.queries.places import ANSWER, SUPPLEMENT, files_shown, rules_of, unfinished_of
from services.cases.queries.wallet import Certificate, Kept, Wallet
from services.documents.enums import ScanState, UploadState
from services.documents.file_types import FileRule
from services.documents.models import PartialUpload, Upload

if TYPE_CHECKING:
    from portal.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class DocumentRow:
    """A document wanted on a page, as its template shows it.

    kind, place: the page, as services.cases.queries.places names it. thing: what has its name in both languages.
    before: files that were handed in earlier and stay. uploads: those that can still be taken back.
    unfinished: what arrived in part. picks: what of the applicant's wallet can stand for it. refused: why the last try
    was refused, "" if it was not.
    """

    kind: str
    place: str
    code: str
    thing: Any
    rule: FileRule
    optional: bool = False
    before: Sequence[Upload] = ()
    uploads: Sequence[Upload] = ()
    unfinished: Sequence[PartialUpload] = ()
    picks: Sequence[Certificate | Kept] = ()
    refused: str = ""
    used_by: Sequence[Any] = ()

    @property
    def shares_form(self) -> bool:
        """Whether it stands in one form with what is typed on the page: whatever is pressed, nothing typed is lost."""
        return self.kind in (SUPPLEMENT, ANSWER)

    @property
    def field(self) -> str:
        """The name of its file field."""
        return f"file-{self.code}" if self.shares_form else "file"

    @property
    def good(self) -> list[Upload]:
        """The files that count or may soon."""
        return [one for one in self.uploads if one.state != UploadState.REFUSED]

    @property
    def full(self) -> bool:
        """Whether no further file is taken."""
        return len(self.good) >= self.rule.most

    @property
    def state(self) -> str:
        """One word for the whole document: missing, partial, checking, refused or ready."""
        states = {one.state for one in self.uploads}
        if UploadState.CHECKING in states:
            return "checking"
        if UploadState.READY in states:
            return "ready"
        if UploadState.REFUSED in states or self.refused:
            return "refused"
        return "partial" if self.unfinished else "missing"

    @property
    def look(self) -> dict[str, str]:
        """Tone, icon and word of the state, for ui/status.html."""
        missing = ("neutral", "circle", _("Not handed in (optional)")) if self.optional else (
            "warning", "circle", _("Not handed in yet")
        )  # fmt: skip
        tone, icon, word = {
            "missing": missing,
            "partial": ("warning", "pause-circle", _("Interrupted")),
            "checking": ("info", "shield", _("Being checked")),
            "ready": ("success", "check-circle-fill", _("Ready")),
            "refused": ("danger", "x-octagon-fill", _("Not taken")),
        }[self.state]
        return {"tone": tone, "icon_name": icon, "word": word}

    @property
    def slow(self) -> bool:
        """Whether the scanner did not answer so far."""
        return any(one.scan == ScanState.ERROR for one in self.uploads)


def rows_of(
    application: Application,
    kind: str,
    place: str,
    wanted: Iterable[Any],
    *,
    by: User | None,
    since: datetime | None = None,
    refused: dict[str, str] | None = None,
    wallet: Wallet | None = None,
) -> list[DocumentRow]:
    """Return the rows of documents wanted on a page: of MaterialNeeds, or of things a notice asks.

    since: what came before stays as it is. refused: document code -> why the last try was refused. wallet: the
    applicant's, for those who may use it.
    """
    files: dict[str, list[Upload]] = {}
    for upload in files_shown(application):
        files.setdefault(upload.material_code, []).append(upload)
    parts: dict[str, list[PartialUpload]] = {}
    for part in unfinished_of(kind, place, by=by) if by is not None else ():
        parts.setdefault(part.material_code, []).append(part)
    rows, rules = [], rules_of(application)
    for need in wanted:
        own = files.get(need.code, [])
        rows.append(
            DocumentRow(
                kind=kind,
                place=place,
                code=need.code,
                thing=getattr(need, "material", need),
                rule=rules.get(need.code) or FileRule(),
                optional=kind == ANSWER or getattr(need, "necessity", "1") != "1",
                before=[one for one in own if since is not None and one.uploaded_at < since],
                uploads=[one for one in own if since is None or one.uploaded_at >= since],
                unfinished=parts.get(need.code, []),
                picks=_picks(wallet, kind, need.code) if wallet else (),
                refused=(refused or {}).get(need.code, ""),
                used_by=getattr(need, "used_by", ()),
            )
        )
    return rows


def _picks(wallet: Wallet, kind: str, code: str) -> Sequence[Certificate | Kept]:
    """Return what of a wallet can stand for a document; for the answer to a question, everything."""
    return wallet.all_items() if kind == ANSWER else wallet.items_for(code)
