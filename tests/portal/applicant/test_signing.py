"""Signing through the pages: reviewed once, signed by each, filed once; links open for the person named only."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from services.cases.models import Application, SignerInvitation
from services.cases.operations.drafts import save_draft
from services.notifications.models import Notice
from services.parties.models import Person
from tests import naughty
from tests.factories.cases import ApplicationFactory
from tests.factories.catalogue import published_service
from tests.factories.parties import MandateFactory, PersonFactory
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db
SIGNERS = [
    {
        "role": "partner",
        "name": {"zh": "合伙人", "en": "Partner"},
        "basis": {"zh": "合伙企业法第九条", "en": "Partnership Law, art. 9"},
        "fields": {"name": "person.former_name"},
        "hides": ["person.mobile"],
    }
]


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def finished_draft(person: Person, partner: Person | None = None, **more: Any) -> Application:
    form = {"uses": ["person.name", "person.former_name", "person.mobile"], "signers": SIGNERS if partner else []}
    answers = {"person.name": person.name, "person.mobile": "19900000099"}
    answers["person.former_name"] = partner.name if partner else "曾用"
    return ApplicationFactory(
        person=person, service=published_service(form=form), state="draft", number=None, submitted_at=None, run=None,
        answers=answers, **more,
    )  # fmt: skip


def reviewed_hash(page: Any) -> str:
    text = page.content.decode()
    return text.split('name="reviewed_hash" value="')[1].split('"')[0]


def test_a_change_in_another_window_shows_what_changed_and_files_nothing() -> None:
    person = PersonFactory()
    draft, client = finished_draft(person), signed_in(person)
    place = f"/my/applications/{draft.public_id}/review/"
    seen = reviewed_hash(client.get(place))
    save_draft(application_id=draft.pk, answers={"person.former_name": "另名"}, by=person.user, at=database_now())
    page = client.post(place, {"reviewed_hash": seen, "signed": "yes", "consents": ["electronic_service"]})
    words = page.content.decode()
    assert 'id="changes"' in words
    assert "<del>曾用</del>" in words
    assert "<ins>另名</ins>" in words
    assert 'value="electronic_service" aria-describedby="refusal-electronic_service" checked' in words
    assert Application.objects.get().state == "draft"
    assert client.post(place, {"reviewed_hash": reviewed_hash(page)}).status_code == 200  # not signed: told so


def test_a_partner_signs_by_her_link_and_sees_only_what_she_may() -> None:
    person, partner, stranger = PersonFactory(), PersonFactory(), PersonFactory()
    draft, client, hers = finished_draft(person, partner), signed_in(person), signed_in(partner)
    place = f"/my/applications/{draft.public_id}/review/"
    page = client.get(place)
    assert (
        client.post(place, {"reviewed_hash": reviewed_hash(page), "signed": "yes", "action": "sign"})
        .headers["Location"]
        .endswith("/signers/")
    )
    signers = f"/my/applications/{draft.public_id}/signers/"
    key = next(
        line.split('value="')[1].split('"')[0]
        for line in client.get(signers).content.decode().splitlines()
        if 'name="slot"' in line
    )
    assert client.post(signers, {"slot": key, "mobile": "12"}).status_code == 422
    assert client.post(signers, {"slot": key, "email": "no address"}).status_code == 422
    assert client.post(signers, {"slot": key}).status_code == 302
    invitation = SignerInvitation.objects.get()
    link = f"/my/sign/{invitation.code}/"
    assert link in client.get(signers).content.decode()

    anonymous = Client().get(link)
    assert anonymous.headers["Location"] == f"/my/invited/{invitation.public_id}/"
    address = f"/my/signing/{invitation.public_id}/"
    assert hers.get(link, follow=True).redirect_chain[-1][0] == address
    refused = signed_in(stranger).get(address)
    assert refused.status_code == 403
    assert person.name not in refused.content.decode()
    assert partner.name not in refused.content.decode()
    assert signed_in(stranger).post(address, {"signed": "yes", "reviewed_hash": "x"}).status_code == 403
    page = hers.get(address)
    words = page.content.decode()
    assert partner.name in words
    assert "9900000099" not in words  # the number of another is not hers to see
    assert hers.get(f"/my/applications/{draft.public_id}/").status_code == 404
    assert hers.post(address, {"reviewed_hash": reviewed_hash(page)}).status_code == 200  # not ticked
    for _ in range(2):
        assert hers.post(address, {"reviewed_hash": reviewed_hash(page), "signed": "yes"}).status_code in (200, 302)
    assert draft.signatures.count() == 2
    assert invitation.public_id in hers.get(address).request["PATH_INFO"]
    assert "已签署" in hers.get(address).content.decode() or "You have signed" in hers.get(address).content.decode()
    save_draft(application_id=draft.pk, answers={"person.mobile": "19900000101"}, by=person.user, at=database_now())
    assert not draft.signatures.filter(voided_at__isnull=True).exists()
    assert Notice.objects.filter(recipient=partner.user, kind="signature_void", channel="inbox").count() == 1
    assert 'name="reviewed_hash"' in hers.get(address).content.decode()
    assert client.post(signers, {"revoke": invitation.public_id}).status_code == 302
    assert hers.get(address).status_code == 403
    assert client.post(signers, {"revoke": "a\0b"}).status_code == 404


def test_an_agent_without_the_right_to_sign_asks_the_principal() -> None:
    person = PersonFactory()
    agent = MandateFactory(person=person, scopes=["fill"]).agent
    draft = finished_draft(person, filed_by=agent.user)
    place, client = f"/my/applications/{draft.public_id}/review/", signed_in(agent)
    assert 'name="action" value="ask"' in client.get(place).content.decode()
    for _ in range(2):
        assert client.post(place, {"action": "ask"}).status_code == 302
    assert Notice.objects.filter(recipient=person.user, kind="sign_for_party", channel="inbox").count() == 1


def test_naughty_reasons_are_stored_exactly_or_refused() -> None:
    person, partner = PersonFactory(), PersonFactory()
    draft, client, hers = finished_draft(person, partner), signed_in(person), signed_in(partner)
    signers = f"/my/applications/{draft.public_id}/signers/"
    key = client.get(signers).content.decode().split('name="slot" value="')[1].split('"')[0]
    for text in naughty.strings(longest=500)[::9]:
        point = transaction.savepoint()
        answer = client.post(signers, {"slot": key, "mobile": text, "email": text})
        assert answer.status_code in (302, 422)
        client.post(signers, {"slot": key})
        invitation = SignerInvitation.objects.latest("pk")
        address = f"/my/signing/{invitation.public_id}/"
        assert hers.post(address, {"action": "decline", "reason": text}).status_code in (200, 302)
        invitation.refresh_from_db()
        assert invitation.decline_reason in ("", text.strip())
        page = client.get(signers)
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
        transaction.savepoint_rollback(point)  # each text meets the same page, not all texts before it
