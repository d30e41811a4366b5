"""What was reviewed is what is signed and filed, by everybody who must, each under the same text."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from services.access.models import AccessLog
from services.cases.enums import ApplicationState, Channel, ConsentKind, InvitationState
from services.cases.models import Application, DeclarationText, ReviewedText
from services.cases.operations.consents import withdraw_consent
from services.cases.operations.drafts import AlreadySubmittedError, NotAllowedError, save_draft, start_draft
from services.cases.operations.inviting import (
    NotInvitedError,
    decline_to_sign,
    invite_signer,
    open_invitation,
    revoke_invitation,
    sign_invited,
)
from services.cases.operations.signing import note_reviewed, sign_as_applicant
from services.cases.operations.submission import (
    ChangedSinceReviewError,
    NotSignedError,
    SignaturesMissingError,
    review_hash,
    submit_application,
)
from services.cases.operations.wallet import drop_kept, keep_documents_of
from services.cases.queries.reviews import changes_since, hash_of, reviewed_before, reviewed_sections
from services.cases.queries.signers import APPLICANT, signers_wanted, slot_states
from services.cases.queries.situations import situation_answers
from services.cases.queries.wallet import last_day_kept, wallet_of
from services.catalogue.queries import current_version
from services.documents.queries import papers_of, verify
from services.notifications.models import Notice
from services.parties.models import Mandate, Organisation
from services.parties.queries import person_of
from tests.factories.applications import filed_application, ready_draft, user
from tests.services.cases.conftest import MORNING
from workflows.models import HistoryEvent
from workflows.operations.history import first_broken_row

pytestmark = pytest.mark.usefixtures("city")

AT = MORNING + timedelta(hours=1)
SHARE = {"kind": "person", "id_type": "31", "contribution": "250000", "share": "50", "means": "cash"}
WANG = {**SHARE, "name": "王建国", "id_number": "410103190503182012", "paid_by": "2026-12-31"}
LI = {**SHARE, "name": "李雯", "id_number": "410105190306120085", "paid_by": "2026-12-31"}


def company_of_two() -> Application:
    """Return a finished draft of a company with two shareholders; its founder 李雯 is one and represents it."""
    return ready_draft(service="company-registration", given={"company.shareholders": [LI, WANG]}, at=MORNING)


def told(name: str, kind: str) -> int:
    return Notice.objects.filter(recipient=user(name), kind=kind, channel="inbox").count()


def file(draft: Application, text_hash: str, *, by: str = "owner", **more: object) -> Application:
    given = {"signed": True, "consents": ["electronic_service"], **more}
    return submit_application(application_id=draft.pk, reviewed_hash=text_hash, by=user(by), at=AT, **given)


def test_a_change_elsewhere_asks_for_a_new_review_and_says_what_changed() -> None:
    draft = ready_draft(service="sign-filing", at=MORNING)
    shown = note_reviewed(draft, at=MORNING)
    assert note_reviewed(draft, at=AT) == shown
    assert ReviewedText.objects.filter(application=draft).count() == 1
    save_draft(application_id=draft.pk, answers={"sign.text": "另一块招牌"}, by=user("owner"), at=AT)
    draft.refresh_from_db()
    with pytest.raises(ChangedSinceReviewError):
        file(draft, shown)
    before = reviewed_before(draft, shown)
    assert hash_of(before.content) == shown
    [change] = changes_since(draft, before.content, language="zh-hans")
    assert (change.code, change.before, change.after) == ("sign.text", "老街坊家常菜", "另一块招牌")
    made = file(draft, review_hash(draft))
    assert made.state == ApplicationState.SUBMITTED
    assert [one.hash for one in made.reviewed_texts.all()] == [made.reviewed_hash]


def test_partners_sign_the_same_text_and_a_later_change_voids_what_they_signed() -> None:
    draft, owner, partner = company_of_two(), user("owner"), user("owner2")
    text_hash = review_hash(draft)
    slots = signers_wanted(draft)
    assert [(slot.role_en, slot.name) for slot in slots] == [
        ("Applicant", "李雯"), ("Shareholder", "李雯"), ("Shareholder", "王建国"),
        ("Legal representative to be", "李雯"),
    ]  # fmt: skip
    with pytest.raises(SignaturesMissingError) as missing:
        file(draft, text_hash)
    assert [state.slot.name for state in missing.value.missing] == ["王建国"]
    assert not draft.signatures.exists()  # a refusal leaves nothing signed

    sign_as_applicant(application_id=draft.pk, reviewed_hash=text_hash, by=owner, at=AT)
    sign_as_applicant(application_id=draft.pk, reviewed_hash=text_hash, by=owner, at=AT)
    assert draft.signatures.count() == 3
    invitation = invite_signer(application_id=draft.pk, slot=slots[2].key, mobile="19900000002", by=owner, at=AT)
    assert told("owner2", "asked_to_sign") == 1
    slot = open_invitation(invitation=invitation, by=partner, at=AT)
    assert AccessLog.objects.filter(reader=partner, subject_kind="application", subject_id=str(draft.pk)).exists()
    sections = reviewed_sections(draft, language="en", today=AT.date(), masked=True, hides=slot.hides)
    seen = "\n".join(row.value for section in sections for row in section.rows)
    assert "王建国" in seen
    assert "410103190503182012" not in seen
    assert "410105190306120085" not in seen
    sign_invited(invitation_id=invitation.pk, reviewed_hash=text_hash, by=partner, at=AT)
    sign_invited(invitation_id=invitation.pk, reviewed_hash=text_hash, by=partner, at=AT)
    assert (told("owner", "signed_by"), told("owner", "all_signed")) == (1, 1)

    save_draft(application_id=draft.pk, answers={"organisation.name": "郑州另一家有限公司（演示）"}, by=owner, at=AT)
    draft.refresh_from_db()
    assert not draft.signatures.filter(voided_at__isnull=True).exists()
    assert told("owner2", "signature_void") == 1
    assert told("owner", "signature_void") == 1
    with pytest.raises(ChangedSinceReviewError):
        sign_invited(invitation_id=invitation.pk, reviewed_hash=text_hash, by=partner, at=AT)
    sign_invited(invitation_id=invitation.pk, reviewed_hash=review_hash(draft), by=partner, at=AT)
    made = file(draft, review_hash(draft))

    assert {(one.slot.split(":")[0], one.name, one.text_hash) for one in made.signatures.filter(voided_at=None)} == {
        (role, name, made.reviewed_hash)
        for role, name in [
            ("applicant", "李雯"), ("shareholder", "李雯"), ("shareholder", "王建国"), ("legal_representative", "李雯"),
        ]
    }  # fmt: skip
    signed = HistoryEvent.objects.filter(root=made.run, kind="signed")
    assert {event.by for event in signed} == {owner, partner}
    assert all(event.detail["text"] == made.reviewed_hash for event in signed)
    assert first_broken_row(made.run) is None
    assert told("owner2", "signed_was_filed") == 1
    receipt = papers_of("application", made.pk).get(kind="receipt")
    rows = HistoryEvent.objects.filter(root=made.run, seq=receipt.facts["log_rows"])
    assert receipt.facts["log_hash"] == bytes(rows.get().hash).hex()
    public = verify(receipt.verify_code, at=AT).receipt
    assert (public.application_number, public.content_hash) == (made.number, made.reviewed_hash)
    assert [one["name"] for one in public.signers].count("王*国") == 1
    with pytest.raises(AlreadySubmittedError):
        revoke_invitation(invitation_id=invitation.pk, by=owner, at=AT)


def test_an_invitation_opens_for_the_person_named_in_it_until_it_is_over() -> None:
    draft, owner, partner = company_of_two(), user("owner"), user("owner2")
    key = signers_wanted(draft)[2].key
    first = invite_signer(application_id=draft.pk, slot=key, by=owner, at=AT)
    invitation = invite_signer(application_id=draft.pk, slot=key, by=owner, at=AT)
    first.refresh_from_db()
    assert first.state_at(AT) == InvitationState.REVOKED
    for stranger in ("agent", "citizen", "clerk", "owner"):
        with pytest.raises(NotInvitedError):
            open_invitation(invitation=invitation, by=user(stranger), at=AT)
        with pytest.raises(NotInvitedError):
            sign_invited(invitation_id=invitation.pk, reviewed_hash=review_hash(draft), by=user(stranger), at=AT)
    with pytest.raises(NotAllowedError):
        invite_signer(application_id=draft.pk, slot=key, by=partner, at=AT)
    with pytest.raises(NotInvitedError):
        open_invitation(invitation=first, by=partner, at=AT)
    with pytest.raises(NotInvitedError):
        open_invitation(invitation=invitation, by=partner, at=AT + timedelta(days=15))
    decline_to_sign(invitation_id=invitation.pk, reason="  出资额不对  ", by=partner, at=AT)
    decline_to_sign(invitation_id=invitation.pk, reason="again", by=partner, at=AT)
    invitation.refresh_from_db()
    assert (invitation.state_at(AT), invitation.decline_reason) == (InvitationState.DECLINED, "出资额不对")
    notice = Notice.objects.get(recipient=owner, kind="sign_declined", channel="inbox")
    assert notice.params["reason"] == "出资额不对"
    again = invite_signer(application_id=draft.pk, slot=key, by=owner, at=AT)
    open_invitation(invitation=again, by=partner, at=AT)
    revoke_invitation(invitation_id=again.pk, by=owner, at=AT)
    assert told("owner2", "invitation_revoked") == 1
    with pytest.raises(NotInvitedError):
        sign_invited(invitation_id=again.pk, reviewed_hash=review_hash(draft), by=partner, at=AT)


def test_at_the_window_everybody_signs_on_paper() -> None:
    clerk, owner = user("clerk"), user("owner")
    draft = company_of_two()
    Application.objects.filter(pk=draft.pk).update(channel=Channel.COUNTER)
    draft.refresh_from_db()
    keys = [slot.key for slot in signers_wanted(draft)]
    with pytest.raises(SignaturesMissingError):
        file(draft, review_hash(draft), by="clerk", on_paper=keys[:2])
    made = file(draft, review_hash(draft), by="clerk", on_paper=keys)
    assert {(one.name, one.method, one.signer) for one in made.signatures.all()} == {
        ("李雯", "counter", clerk),
        ("王建国", "counter", clerk),
    }
    assert told("owner", "application_received") == 1
    assert made.filed_by == owner


def test_an_agent_who_may_not_sign_fills_in_and_the_principal_files() -> None:
    owner, agent = user("owner"), user("agent")
    draft = ready_draft(service="sign-filing", by="agent", party=person_of(owner).ref, at=MORNING)
    with pytest.raises(NotAllowedError):
        file(draft, review_hash(draft), by="agent")
    sign_as_applicant(application_id=draft.pk, reviewed_hash=review_hash(draft), by=owner, at=AT)
    made = file(draft, review_hash(draft), by="agent", signed=False)  # signed already: filing needs no second click
    [signature] = made.signatures.all()
    assert (signature.signer, signature.on_behalf_of) == (owner, "")
    filed = HistoryEvent.objects.get(root=made.run, kind="application_filed")
    assert filed.by == agent
    assert filed.detail["on_behalf_of"] == str(person_of(owner).ref)
    assert filed.detail["mandate"] == Mandate.objects.get(person=owner.person, agent=agent.person).pk
    assert told("owner", "acted_in_your_name") == 1
    assert told("agent", "acted_in_your_name") == 0


def test_consents_keep_their_exact_text_and_can_be_taken_back() -> None:
    made = filed_application(service="sign-filing", at=MORNING)
    [consent] = made.consents.all()
    assert consent.text.kind == ConsentKind.ELECTRONIC_SERVICE
    assert consent.text.text_zh
    assert consent.text.refusal_en
    with pytest.raises(IntegrityError), transaction.atomic():
        DeclarationText.objects.filter(pk=consent.text_id).update(text_zh="别的")
    with pytest.raises(NotAllowedError):
        withdraw_consent(application_id=made.pk, kind=consent.kind, by=user("agent"), at=AT)
    for _ in range(2):
        withdraw_consent(application_id=made.pk, kind=consent.kind, by=user("owner"), at=AT)
    assert HistoryEvent.objects.filter(root_id=made.run_id, kind="consent_withdrawn").count() == 1
    consent.refresh_from_db()
    assert consent.withdrawn_at == AT


def test_a_company_agent_sees_two_companies_and_may_not_file_for_a_third() -> None:
    agent = user("agent")
    bodies = list(Organisation.objects.filter(legal_representative=user("owner2").person).order_by("pk"))
    for body in bodies:
        Mandate.objects.update_or_create(
            organisation=body, agent=agent.person,
            defaults={"scopes": ["fill", "sign"], "valid_from": MORNING, "granted_at": MORNING,
                      "valid_until": MORNING + timedelta(days=30)},
        )  # fmt: skip
    third = Organisation.objects.create(
        name="郑州第三家有限公司（演示）", uscc="91410100MA0000007G", kind="company", source="declared",
        legal_representative=person_of(user("citizen")), recorded_at=MORNING,
    )  # fmt: skip
    for body in bodies:
        draft = ready_draft(service="sign-filing", by="agent", party=body.ref, at=MORNING)
        made = file(draft, review_hash(draft), by="agent")
        [signature] = made.signatures.all()
        assert (signature.on_behalf_of, signature.signer) == (str(body.ref), agent)
    own = [body for body in bodies if body.legal_representative == person_of(user("owner2"))]
    assert told("owner2", "acted_in_your_name") == len(own) > 1
    with pytest.raises(NotAllowedError):
        start_draft(offer=current_version("sign-filing"), party=third.ref, by=agent, at=MORNING)
    draft = ready_draft(service="sign-filing", by="agent", party=bodies[0].ref, at=MORNING)
    with pytest.raises(NotSignedError):
        file(draft, review_hash(draft), by="agent", signed=False)
    Mandate.objects.filter(agent=agent.person).update(revoked_at=AT)
    with pytest.raises(NotAllowedError):
        file(draft, review_hash(draft), by="agent")
    states = slot_states(draft, text_hash=review_hash(draft), at=AT)
    assert [state.slot.key for state in states] == [APPLICANT]


def test_documents_are_kept_for_reuse_with_a_consent_of_its_own_and_only_while_it_stands() -> None:
    plain = filed_application(service="sign-filing", at=MORNING)
    draft = ready_draft(service="sign-filing", at=MORNING)
    ref = draft.party
    assert not wallet_of(ref, AT).kept, "filing alone keeps nothing"
    made = file(draft, review_hash(draft), consents=["electronic_service", "keep_documents"])
    kept = {one.row.upload.subject_id for one in wallet_of(ref, AT).kept}
    assert kept == {str(made.pk)}
    assert str(plain.pk) not in kept
    (first, *rest) = wallet_of(ref, AT).kept
    consent = made.consents.get(kind=ConsentKind.KEEP_DOCUMENTS)
    assert first.row.consent_hash == consent.text.sha256
    assert first.row.kept_until == last_day_kept(AT)
    drop_kept(public_id=first.row.upload.public_id, by=user("owner"), at=AT)
    keep_documents_of(made, by=user("owner"), at=AT)
    assert len(wallet_of(ref, AT).kept) == len(rest), "what she dropped stays dropped"
    withdraw_consent(application_id=made.pk, kind=consent.kind, by=user("owner"), at=AT)
    assert not wallet_of(ref, AT).kept
    keep_documents_of(made, by=user("owner"), at=AT)
    assert not wallet_of(ref, AT).kept, "nor is anything kept under a consent taken back"


def test_spouses_and_parents_sign_as_the_catalogue_says() -> None:
    seller = {"name": "李雯", "id_type": "31", "id_number": LI["id_number"], "mobile": "19900000001", "share": "100"}
    spouse = {
        "name": "王建国",
        "relation": "spouse",
        "id_type": "31",
        "id_number": WANG["id_number"],
        "mobile": "19900000002",
    }
    given = {"transfer.sellers": [seller], "transfer.buyers": [seller]}
    situation = {"house_use": "residential", "has_mortgage": False}
    alone = ready_draft(service="house-title-transfer", given=given, situation=situation, at=MORNING)
    assert {slot.name for slot in signers_wanted(alone)} == {"李雯"}
    assert [one.value for one in situation_answers(alone, language="en")] == ["Residential", "No"]
    joint = {**given, "transfer.joint_property": "yes", "transfer.co_owners": [spouse]}
    draft = ready_draft(service="house-title-transfer", given=joint, situation=situation, at=MORNING)
    [consent] = [slot for slot in signers_wanted(draft) if slot.key.startswith("co_owner:")]
    assert (consent.name, consent.mobile) == ("王建国", "19900000002")
    assert "第三百零一条" in consent.basis_zh
    with pytest.raises(SignaturesMissingError):
        file(draft, review_hash(draft))
    invitation = invite_signer(application_id=draft.pk, slot=consent.key, by=user("owner"), at=AT)
    sign_invited(invitation_id=invitation.pk, reviewed_hash=review_hash(draft), by=user("owner2"), at=AT)
    made = file(draft, review_hash(draft))
    assert made.signatures.filter(name="王建国", slot=consent.key).count() == 1
    # Said to be nobody's but hers after all: the consent is not asked any more, and what was signed before is void.
    again = ready_draft(service="house-title-transfer", given=joint, situation=situation, at=MORNING)
    save_draft(application_id=again.pk, answers={"transfer.joint_property": "no"}, by=user("owner"), at=AT)
    again.refresh_from_db()
    assert not [slot for slot in signers_wanted(again) if slot.key.startswith("co_owner:")]

    baby = ready_draft(service="birth-certificate", at=MORNING)
    assert {(slot.role_en, slot.name) for slot in signers_wanted(baby)[1:]} == {
        ("Mother", "李雯"),
        ("Father", "王建国"),
    }
    save_draft(application_id=baby.pk, answers={"father.name": None}, by=user("owner"), at=AT)
    baby.refresh_from_db()
    assert [slot.role_en for slot in signers_wanted(baby)] == ["Applicant", "Mother"]  # the child of one parent
    couple = ready_draft(service="marriage-registration", situation={"both_present": True}, at=MORNING)
    assert [slot.name for slot in signers_wanted(couple)] == ["李雯", "王建国"]
