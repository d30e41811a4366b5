"""What people hold and are asked beside their cases: shared certificates, links to sign, fees, ratings, codes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from services.cases.enums import Channel as Way
from services.cases.models import Application, Case
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
from services.ratings.enums import Channel, Ground, Level
from services.ratings.operations.handling import ask_to_exclude, note_contact
from services.ratings.operations.rating import rate_case
from tests.factories.applications import ready_draft, user
from tests.factories.documents import make_paper
from tests.factories.payments import make_fee, make_payment
from tests.factories.ratings import make_visit
from workflows.clocks.calendar import DayKind, SpecialDay
from workflows.operations.calendars import enter_calendar_day
from workflows.queries.calendars import home_region


def make_papers_and_codes(*, granted: Case, refused: Case, at: datetime) -> dict[str, list[str]]:
    """Give people of the lively city what these cases lead to.

    Returns, by sign-in ("" for anybody), the addresses that reach them by message, on paper or on a tablet, and to
    which no page links.
    """
    owner = user("owner")
    _rate(refused, owner, at)
    today = timezone.localdate(at)
    soon = today + timedelta(days=20)  # in the year that the calendar shows first
    on = soon if soon.year == today.year else today - timedelta(days=20)
    snow = SpecialDay(on=on, kind=DayKind.CLOSURE, name_zh="大雪", name_en="Snow")
    enter_calendar_day(region=home_region(), day=snow, source="演示通知", by=user("manager"), at=at)
    draft = ready_draft(service="house-title-transfer", by="owner", at=at)
    return {
        "": [
            _shared_certificate(granted, owner, at),
            _rated_on_a_tablet(granted),
            *_account_mails(user("grandmother")),
        ],
        "owner": [_fees(granted, refused, owner, at), _at_the_counter(owner, at), _signers(draft)],
        "owner2": _invited(draft, at),
        "agent": [_offered(owner, at)],
        "clerk": _looked_up_at_the_window(granted, owner),
    }


def _shared_certificate(case: Case, owner: User, at: datetime) -> str:
    paper = make_paper("certificate", department=case.department.code, at=at, subject=("case", str(case.pk)))
    holder = person_of(owner).ref
    shown: dict[str, Any] = {"paper": paper, "party_kind": holder.kind, "party_id": holder.id}
    _row, code = share_paper(**shown, purpose="房东，演示路8号", hours=24, by=owner, at=at)
    return reverse("public:shared_code", args=[code])


def _account_mails(person: User) -> list[str]:
    """Let her have a second step of signing in; return the links in the mails about her address and her password."""
    TOTP.activate(person, generate_totp_secret())
    RecoveryCodes.activate(person)
    address, _made = EmailAddress.objects.update_or_create(
        user=person, defaults={"email": person.email, "verified": True}
    )
    key = {"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)}
    confirm = reverse("account_confirm_email", args=[EmailConfirmationHMAC.create(address).key])
    return [confirm, reverse("account_reset_password_from_key", kwargs=key)]


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


def _looked_up_at_the_window(case: Case, owner: User) -> list[str]:
    """Return where a clerk's searches lead: for an application by its number, for a person by her document."""
    found = f"{reverse('counter:intake')}?{urlencode({'q': case.application.number})}"
    return [found, reverse("counter:walk_in_person", args=[person_of(owner).public_id])]


def _signers(draft: Application) -> str:
    """Return where somebody is led who has signed what others must sign as well."""
    return reverse("applicant:signers", args=[draft.public_id])


def _invited(draft: Application, at: datetime) -> list[str]:
    """Invite those who must sign a draft as well: they find it in their messages, or by these links."""
    states = slot_states(draft, text_hash=review_hash(draft), at=at)
    others = [one.slot for one in states if one.slot.key != APPLICANT]
    invited = [invite_signer(application_id=draft.pk, slot=slot.key, by=draft.filed_by, at=at) for slot in others]
    return [reverse("applicant:sign_by_code", args=[one.code]) for one in invited]


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
    """Rate badly by name, which the department answers and wants not to count."""
    rating = rate_case(
        case_id=case.pk,
        level=Level.VERY_DISSATISFIED,
        text="等得太久。",
        named=True,
        channel=Channel.COMPUTER,
        by=owner,
        at=at,
    )
    about: dict[str, Any] = {"rating_id": rating.pk, "by": user("city-head"), "at": at}
    note_contact(finding="申请人确认点错了。", **about)
    ask_to_exclude(ground=Ground.MISTAKEN, reason="申请人确认点错了。", **about)
