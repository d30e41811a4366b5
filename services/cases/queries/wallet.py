"""What somebody keeps here: certificates issued to the parties she receives for, and documents kept for reuse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from services.cases.models import Application, Case
from services.catalogue.models import Material
from services.documents.enums import PaperKind, UploadState, VerificationStatus
from services.documents.models import KeptDocument, Paper, Upload
from services.documents.queries import status_of
from services.parties.enums import MandateScope
from services.parties.models import Mandate
from services.parties.queries import person_of, wards_of
from services.parties.references import PartyRef

if TYPE_CHECKING:
    from portal.accounts.models import User

_MEANINGS = Path(__file__).parents[1] / "data" / "certificates.yaml"
#: What a wallet shows of what was issued here.
KINDS = (PaperKind.CERTIFICATE, PaperKind.FILING_RECEIPT)
#: How long a document is kept for reuse; the consent's text says it.
KEPT_DAYS = 730
#: Files offered for keeping, the newest.
OFFERED = 30


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate issued here. materials: documents of the catalogue it is."""

    paper: Paper
    status: VerificationStatus
    service: str
    materials: tuple[str, ...]

    @property
    def code(self) -> str:
        """Name it in a form."""
        return f"paper:{self.paper.public_id}"

    @property
    def usable(self) -> bool:
        """Whether it can stand for a document: it is in force."""
        return self.status == VerificationStatus.VALID


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A document kept for reuse."""

    row: KeptDocument

    @property
    def code(self) -> str:
        """Name it in a form."""
        return f"kept:{self.row.upload.public_id}"

    @property
    def materials(self) -> tuple[str, ...]:
        """The document of the catalogue it was handed in as."""
        return (self.row.upload.material_code,)


@dataclass(frozen=True, kw_only=True)
class Wallet:
    """What one party keeps. name: the party's."""

    party: PartyRef
    name: str
    certificates: Sequence[Certificate]
    kept: Sequence[Kept]

    def all_items(self) -> list[Certificate | Kept]:
        """Return everything that can be handed in, certificates in force first: for a question that names nothing."""
        return [*(one for one in self.certificates if one.usable), *self.kept]

    def items_for(self, material: str) -> list[Certificate | Kept]:
        """Return what can stand for a document of the catalogue, certificates in force first."""
        return [one for one in self.all_items() if material in one.materials]


@cache
def _said() -> Mapping[str, Any]:
    said: Mapping[str, Any] = yaml.safe_load(_MEANINGS.read_text(encoding="utf-8"))
    return said


def asked_by_none() -> frozenset[str]:
    """Return the services whose certificate or filing receipt no service asks for."""
    return frozenset(_said()["asked_by_none"])


@cache
def meanings() -> Mapping[str, frozenset[str]]:
    """Return which services' certificates and filing receipts are which document of the catalogue."""
    said = _said()
    return {material: frozenset(services) for material, services in said["documents"].items()}


def document_names(uploads: Iterable[Upload]) -> dict[str, dict[str, str]]:
    """Return what the catalogue calls the documents that files were handed in as: {"name_zh", "name_en"} by code."""
    rows = Material.objects.filter(code__in={upload.material_code for upload in uploads}).order_by("pk")
    named = rows.values_list("code", "name_zh", "name_en")
    return {code: {"name_zh": zh, "name_en": en} for code, zh, en in named}


def wallet_parties(user: User, at: datetime) -> dict[PartyRef, str]:
    """Return whose wallets she opens: her own, of organisations she represents, of her wards and principals.

    A principal's only while she receives for it, a ward's until it is of age.
    """
    person = person_of(user)
    if person is None or not user.is_active:
        return {}
    parties = {person.ref: person.name}
    parties.update({one.ref: one.name for one in person.represents.order_by("name", "pk")})
    parties.update({ward.child.ref: ward.child.name for ward in wards_of(person, at)})
    mandates = Mandate.objects.in_force(at).with_scope(MandateScope.RECEIVE).filter(agent=person)
    for mandate in mandates.select_related("person", "organisation").order_by("pk"):
        principal = mandate.organisation or mandate.person
        if principal is not None:
            parties.setdefault(principal.ref, principal.name)
    return parties


def wallet_of(party: PartyRef, at: datetime, *, name: str = "") -> Wallet:
    """Return a party's wallet: the newest certificates first, then what it keeps. May she see it is asked before."""
    certificates = [_certificate(paper, service, at) for paper, service in _papers(party)]
    kept = KeptDocument.objects.filter(party_kind=party.kind, party_id=party.id).filter(_offered(at))
    kept = kept.filter(upload__state=UploadState.READY).select_related("upload")
    return Wallet(party=party, name=name, certificates=certificates, kept=[Kept(row=row) for row in kept])


def wallet_for(user: User, party: PartyRef, at: datetime) -> Wallet | None:
    """Return the wallet of an applicant she acts for, None when she does not receive for it."""
    return wallet_of(party, at) if party in wallet_parties(user, at) else None


def wallets_of(user: User, at: datetime) -> list[Wallet]:
    """Return every wallet she opens, her own first."""
    return [wallet_of(ref, at, name=name) for ref, name in wallet_parties(user, at).items()]


def certificate_for(user: User, public_id: str, at: datetime) -> tuple[Certificate, PartyRef] | None:
    """Return a certificate of one of her wallets, and whose it is; None for anything else."""
    for ref in wallet_parties(user, at):
        for paper, service in _papers(ref):
            if paper.public_id == public_id:
                return _certificate(paper, service, at), ref
    return None


def last_day_kept(at: datetime) -> date:
    """Return until when a document that is kept from now on is offered: two years, as the consent's text says."""
    return timezone.localdate(at) + timedelta(days=KEPT_DAYS)


def _offered(at: datetime, prefix: str = "") -> Q:
    """Return the condition that a kept document may still be used: not taken back, and its time is not over."""
    return Q(**{f"{prefix}dropped_at": None, f"{prefix}kept_until__gte": timezone.localdate(at)})


def keepable(party: PartyRef, at: datetime) -> QuerySet[Upload]:
    """Return the files of a party's filed applications that could be kept and are not, newest first.

    What a register gave is not among them: it is fetched afresh, so that it is never out of date.
    """
    filed = Application.objects.filter(party_kind=party.kind, party_id=party.id, submitted_at__isnull=False)
    keys = [str(pk) for pk in filed.values_list("pk", flat=True)]
    files = Upload.objects.filter(subject_kind="application", subject_id__in=keys, state=UploadState.READY)
    kept = KeptDocument.objects.filter(_offered(at), upload=OuterRef("pk"))
    return files.filter(~Exists(kept), origin={}).order_by("-uploaded_at", "-pk")


def _papers(party: PartyRef) -> list[tuple[Paper, str]]:
    """Return the certificates whose results are the party's, newest first, each with its service's code."""
    hers = Q(application__holder_kind=party.kind, application__holder_id=party.id)
    hers |= Q(application__holder_id=None, application__party_kind=party.kind, application__party_id=party.id)
    cases = dict(Case.objects.filter(hers, issued_at__isnull=False).values_list("pk", "service__item__code"))
    papers = Paper.objects.filter(
        kind__in=KINDS, subject_kind="case", subject_id__in=[str(pk) for pk in cases]
    ).order_by("-issued_at", "-pk")
    return [(paper, cases[int(paper.subject_id)]) for paper in papers]


def _certificate(paper: Paper, service: str, at: datetime) -> Certificate:
    materials = tuple(material for material, services in meanings().items() if service in services)
    return Certificate(paper=paper, status=status_of(paper, at), service=service, materials=materials)
