"""An invitation to sign travels by text message and mail, says nothing of anybody, and shows how far it got."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from portal.demo.sms_gateway import SmsGateway
from services.cases.models import SignerInvitation
from services.cases.operations.invitation_letters import MOST_SENDINGS, RESEND_AFTER, resend_invitation
from services.cases.operations.inviting import invite_signer
from services.cases.queries.invitations import last_letters, letters_of
from services.cases.queries.signers import signers_wanted
from services.notifications.dispatch import dispatch_notices
from services.notifications.models import AddressCorrection, Notice
from services.notifications.queries import dead_notices
from tests.factories.parties import PersonFactory
from tests.portal.applicant.test_signing import finished_draft, signed_in
from tests.services.notifications.conftest import MailServer, mail_server, sms_gateway, woken  # noqa: F401
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db
MOBILE, EMAIL = "19900000777", "partner@example.test"


def ten_o_clock(at: Any) -> Any:
    """Return the next ten o'clock, outside everybody's quiet hours."""
    return at.replace(hour=2, minute=0) + timedelta(days=1)  # UTC


def test_the_link_goes_to_the_typed_number_and_address_and_the_applicant_sees_how_far_it_got(
    mail_server: MailServer,  # noqa: F811
    sms_gateway: SmsGateway,  # noqa: F811
) -> None:
    person, partner = PersonFactory(), PersonFactory()
    draft, client = finished_draft(person, partner), signed_in(person)
    signers = f"/my/applications/{draft.public_id}/signers/"
    key = signers_wanted(draft)[1].key
    page = client.post(signers, {"slot": key, "mobile": MOBILE, "email": EMAIL}, follow=True)
    invitation = SignerInvitation.objects.get()
    assert {letter.sent_at for letter in letters_of(invitation)} == {None}
    assert MOBILE in page.content.decode()
    assert AddressCorrection.objects.count() == 2
    assert MOBILE not in str(AddressCorrection.objects.values_list("address", flat=True).query)

    mail_server.replies[EMAIL] = "550 no such mailbox"
    at = ten_o_clock(database_now())
    dispatch_notices(at=at, worker="w")
    [text] = [one["text"] for one in sms_gateway.recorder.messages if one["to"] == MOBILE]
    assert f"https://one-stop.example/my/invited/{invitation.public_id}/" in text
    assert not [word for word in (person.name, partner.name, invitation.code) if word in text]
    by_channel = {letter.channel: letter for letter in letters_of(invitation)}
    assert by_channel["sms"].sent_at
    assert (by_channel["email"].failed, by_channel["email"].sent_at) == (True, None)
    assert not dead_notices().exists()  # hers to mend, not the managers'
    words = client.get(signers).content.decode()
    assert "could not be delivered" in words or "未能送达" in words

    Notice.objects.filter(channel="email").update(created_at=at - RESEND_AFTER)
    Notice.objects.filter(channel="sms").update(created_at=at)
    with pytest.raises(ValidationError):  # the text message went out a moment ago
        resend_invitation(invitation_id=invitation.pk, by=person.user, at=at)
    mail_server.replies.clear()
    for again in range(1, MOST_SENDINGS):
        resend_invitation(invitation_id=invitation.pk, by=person.user, at=at + again * RESEND_AFTER)
    with pytest.raises(ValidationError):
        resend_invitation(invitation_id=invitation.pk, by=person.user, at=at + timedelta(days=1))
    dispatch_notices(at=at + timedelta(hours=2), worker="w")
    assert mail_server.taken == MOST_SENDINGS - 1
    assert all(letter.sent_at for letter in last_letters(letters_of(invitation)))

    assert client.post(signers, {"revoke": invitation.public_id}).status_code == 302
    assert client.post(signers, {"resend": invitation.public_id}).status_code == 200  # over: told so, nothing sent
    assert len(letters_of(invitation)) == 2 * MOST_SENDINGS
    assert client.post(signers, {"resend": "nobody's"}).status_code == 404


def test_a_visitor_with_the_link_reads_how_she_signs_and_nothing_else() -> None:
    person, partner = PersonFactory(), PersonFactory()
    draft = finished_draft(person, partner)
    key, at = signers_wanted(draft)[1].key, database_now()
    invitation = invite_signer(application_id=draft.pk, slot=key, by=person.user, at=at)
    page = Client().get(invitation.public_path)
    words = page.content.decode()
    assert page.status_code == 200
    assert f"next={invitation.path}" in words
    assert person.name not in words
    assert partner.name not in words
    assert signed_in(partner).get(invitation.public_path).headers["Location"] == invitation.path
    invite_signer(application_id=draft.pk, slot=key, by=person.user, at=at)
    assert Client().get(invitation.public_path).status_code == 410


def test_nobody_is_flooded_through_us() -> None:
    person, partner = PersonFactory(), PersonFactory()
    draft = finished_draft(person, partner)
    key = signers_wanted(draft)[1].key
    for _ in range(10):
        invite_signer(application_id=draft.pk, slot=key, mobile=MOBILE, by=person.user, at=database_now())
    with pytest.raises(ValidationError, match=r"very often|多次"):
        invite_signer(application_id=draft.pk, slot=key, mobile=MOBILE, by=person.user, at=database_now())
    invite_signer(application_id=draft.pk, slot=key, by=person.user, at=database_now())  # by hand is always possible
