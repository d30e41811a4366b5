"""What people hold and are asked beside their cases: shared certificates, links to sign, fees, ratings, codes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from portal.accounts.models import User
from services.cases.enums import Channel as Way
from services.cases.models import Case
from services.cases.operations.drafts import start_draft
from services.cases.operations.handovers import make_code
from services.cases.operations.inviting import invite_signer
from services.cases.operations.people import offer_mandate
from services.cases.queries.reviews import review_hash
from services.cases.queries.signers import APPLICANT, slot_states
from services.catalogue.queries import current_version
from services.documents.operations.sharing import share_paper
from services.parties.enums import MandateScope
from services.parties.queries import person_of
from services.payments.enums import FactKind
from services.ratings.enums import Channel, Level
from services.ratings.operations.rating import rate_case
from tests.factories.applications import ready_draft, user
from tests.factories.documents import make_paper
from tests.factories.payments import make_fee, make_payment
from tests.factories.ratings import make_visit


def make_papers_and_codes(*, granted: Case, refused: Case, at: datetime) -> dict[str, list[str]]:
    """Give people of the lively city what these cases lead to.

    Returns, by sign-in ("" for anybody), the addresses that reach them by message, on paper or on a tablet, and to
    which no page links.
    """
    owner = user("owner")
    _rate(refused, owner, at)
    return {
        "": [_shared_certificate(granted, owner, at), _rated_on_a_tablet(granted)],
        "owner": [_fees(granted, refused, owner, at), _at_the_counter(owner, at)],
        **_asked_to_sign(at),
        "agent": [_offered(owner, at)],
    }


def _shared_certificate(case: Case, owner: User, at: datetime) -> str:
    paper = make_paper("certificate", department=case.department.code, at=at, subject=("case", str(case.pk)))
    holder = person_of(owner).ref
    shown: dict[str, Any] = {"paper": paper, "party_kind": holder.kind, "party_id": holder.id}
    _row, code = share_paper(**shown, purpose="房东，演示路8号", hours=24, by=owner, at=at)
    return reverse("public:shared_code", args=[code])


def _rated_on_a_tablet(case: Case) -> str:
    return reverse("public:rate_visit", args=[make_visit(case, clerk=user("clerk")).code])


def _fees(owed: Case, paid: Case, owner: User, at: datetime) -> str:
    make_fee(owed, demanded_at=at)
    receipt = make_fee(paid, demanded_at=at)
    attempt = make_payment(receipt, FactKind.PAID, by=owner, at=at)
    return reverse("applicant:payment_return", args=[attempt.due.public_id])


def _at_the_counter(owner: User, at: datetime) -> str:
    """Begin something at the window, which goes on at home, and something at home, which goes on at the window."""
    draft = start_draft(
        offer=current_version("residence-permit"),
        party=person_of(owner).ref,
        by=user("clerk"),
        at=at,
        channel=Way.COUNTER,
    )
    make_code(application_id=draft.pk, by=user("clerk"), at=at)
    return reverse("applicant:take_over")


def _asked_to_sign(at: datetime) -> dict[str, list[str]]:
    """Fill in what several must sign; who is invited finds it in her messages, or by the link."""
    draft = ready_draft(service="house-title-transfer", by="owner", at=at)
    states = slot_states(draft, text_hash=review_hash(draft), at=at)
    others = [one.slot for one in states if one.slot.key != APPLICANT]
    invited = [invite_signer(application_id=draft.pk, slot=slot.key, by=draft.filed_by, at=at) for slot in others]
    return {"owner2": [reverse("applicant:sign_by_code", args=[one.code]) for one in invited]}


def _offered(owner: User, at: datetime) -> str:
    offer = offer_mandate(
        principal=person_of(owner).ref,
        name=person_of(user("agent")).name,
        matter="办理演示街餐饮店开业的全部手续",
        scopes=[MandateScope.FILL, MandateScope.SIGN],
        valid_from=at,
        valid_until=at + timedelta(days=90),
        by=owner,
        at=at,
    )
    return reverse("applicant:offer_by_code", args=[offer.code])


def _rate(case: Case, owner: User, at: datetime) -> None:
    """Rate badly by name, which the department must answer for."""
    rate_case(
        case_id=case.pk,
        level=Level.VERY_DISSATISFIED,
        text="等得太久。",
        named=True,
        channel=Channel.COMPUTER,
        by=owner,
        at=at,
    )
