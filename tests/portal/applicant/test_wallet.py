"""The wallet: certificates with their state, documents kept and used again, and codes that show a certificate."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from services.cases.declarations import wordings
from services.cases.enums import ApplicationState, CaseState
from services.cases.models import Application, Consent
from services.cases.operations import wallet as wallet_operations
from services.cases.operations.consents import stored_text, withdraw_consent
from services.cases.operations.wallet import NotInWalletError, keep_for_later, use_wallet_item
from services.cases.queries.places import DRAFT, PlaceClosedError, place_of
from services.cases.queries.wallet import KINDS, asked_by_none, last_day_kept, meanings, wallet_of, wallets_of
from services.catalogue.content import read_folder
from services.catalogue.queries import SHIPPED_FOLDER
from services.documents.enums import OpeningResult
from services.documents.models import KeptDocument, Paper, ShareCode, ShareOpening, Upload
from services.documents.operations import revoke_paper
from services.documents.operations.keeping import keep_document
from services.documents.operations.sharing import TooManyTriesError, open_share, revoke_share, share_paper
from services.documents.queries import uploads_of
from services.parties.enums import MandateScope
from services.parties.models import Guardianship
from services.parties.operations import revoke_mandate
from tests import naughty
from tests.factories.cases import FILED_AT, ApplicationFactory, CaseFactory
from tests.factories.catalogue import published_service
from tests.factories.documents import make_paper, make_upload
from tests.factories.papers import FACTS
from tests.factories.parties import DepartmentFactory, MandateFactory, OrganisationFactory, PersonFactory
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db


def issued(application: Application, *, service: Any = None, **facts: Any) -> Paper:
    more = {"service": service} if service else {}
    case = CaseFactory(
        application=application, state=CaseState.GRANTED, decided_at=FILED_AT, issued_at=FILED_AT, **more
    )
    DepartmentFactory(code="SCJG")
    return make_paper(
        "certificate", department="SCJG", subject=("case", str(case.pk)), facts={**FACTS["certificate"], **facts}
    )


def test_each_sees_the_certificates_of_those_she_receives_for() -> None:
    person = PersonFactory()
    body = OrganisationFactory(legal_representative=person)
    agent, filler = PersonFactory(), PersonFactory()
    MandateFactory(person=None, organisation=body, agent=agent, scopes=[MandateScope.RECEIVE])
    MandateFactory(person=None, organisation=body, agent=filler, scopes=[MandateScope.FILL])
    hers, ours = ApplicationFactory(person=person), ApplicationFactory(person=person)
    Application.objects.filter(pk=ours.pk).update(holder_kind="organisation", holder_id=body.pk)
    now = database_now()
    mine = issued(hers, valid_until=date(2020, 1, 1), valid_from=date(2019, 1, 1))
    theirs = issued(ours, valid_until=None)
    wallets = {one.name: [each.paper for each in one.certificates] for one in wallets_of(person.user, now)}
    assert wallets == {person.name: [mine], body.name: [theirs]}
    assert [one.status for one in wallet_of(person.ref, now).certificates] == ["expired"]
    seen = {one.name: [each.paper for each in one.certificates] for one in wallets_of(agent.user, now)}
    assert seen == {agent.name: [], body.name: [theirs]}
    assert [one.name for one in wallets_of(filler.user, now)] == [filler.name], "to fill in is not to receive"
    revoke_paper(paper=theirs, reason="演示撤销", by=None, at=now)
    client = Client()
    client.force_login(person.user)
    page = client.get("/my/wallet/").content.decode()
    assert "已过有效期" in page
    assert "已失效" in page
    client.force_login(filler.user)
    assert client.get(reverse("applicant:certificate", args=[theirs.public_id])).status_code == 404


def test_a_guardian_opens_the_wallet_of_a_child_until_it_is_of_age() -> None:
    parent, child, now = PersonFactory(), PersonFactory(user=None), database_now()
    paper = issued(ApplicationFactory(person=child))
    of_age = timezone.localdate(now) + timedelta(days=1)
    row = Guardianship.objects.create(
        child=child, guardian=parent, source="counter", evidence="户口簿", ends_on=of_age, recorded_at=now
    )
    wallets = {one.name: [each.paper for each in one.certificates] for one in wallets_of(parent.user, now)}
    assert wallets == {parent.name: [], child.name: [paper]}
    page = reverse("applicant:certificate", args=[paper.public_id])
    client = Client()
    client.force_login(parent.user)
    assert client.get(page).status_code == 200
    Guardianship.objects.filter(pk=row.pk).update(ends_on=timezone.localdate(now))
    assert client.get(page).status_code == 404


def test_what_is_issued_here_is_mapped_to_the_documents_that_ask_for_it() -> None:
    services = read_folder(SHIPPED_FOLDER).services
    names = {row["code"]: row["name_zh"] for one in services.values() for row in one.lines["materials"]}
    issued_names = {
        code: [row["name_zh"] for row in one.lines["results"] if row.get("paper_kind") in KINDS]
        for code, one in services.items()
    }
    issuing = {code for code, results in issued_names.items() if results}
    mapped = {code for codes in meanings().values() for code in codes}
    assert set(meanings()) <= set(names)
    assert mapped | asked_by_none() == issuing, "say of each what it stands for, or that nobody asks for it"
    assert not mapped & asked_by_none()
    # Whoever says that nobody asks for it is not believed where a document has its very name.
    for code in asked_by_none():
        for result in issued_names[code]:
            assert not [material for material, name in names.items() if result in name or name in result], code
    for material, name in names.items():
        for code in issuing:
            if any(result in name for result in issued_names[code]):
                assert code in meanings().get(material, ()), (material, code)


def test_kept_documents_and_certificates_are_used_again() -> None:
    person, other = PersonFactory(), PersonFactory()
    asks = published_service(
        item__code="lease-filing", materials=[{"code": "layout-plan"}, {"code": "title-certificate"}]
    )
    gives = published_service(item__code="house-title-transfer")
    now = database_now()
    filed = ApplicationFactory(person=person)
    title = issued(filed, service=gives, valid_until=None, valid_from=None)
    plan = make_upload(
        subject_kind="application", subject_id=str(filed.pk), by=person.user, material_code="layout-plan"
    )
    draft = ApplicationFactory(
        person=person, service=asks, state=ApplicationState.DRAFT, number=None, submitted_at=None, run=None
    )

    def use(material: str, item: str) -> Upload:
        place = place_of(DRAFT, draft.public_id, material, by=person.user, at=now)
        return use_wallet_item(place=place, item=item, by=person.user, at=now)

    assert not wallet_of(person.ref, now).kept, "nothing is kept that she did not choose"
    agreed = wordings()["keep_documents"].sha256
    assert keep_for_later(public_ids=[plan.public_id], agreed=agreed, by=other.user, at=now) == 0
    client = Client()
    client.force_login(person.user)
    page = client.get("/my/wallet/").content.decode()
    assert "两年" in page, "the consent is asked where it is needed, with its time"
    client.post("/my/wallet/keep/", {"keep": plan.public_id})
    client.post("/my/wallet/keep/", {"keep": plan.public_id, "agreed": "0" * 64})
    assert not wallet_of(person.ref, now).kept, "nothing is kept without the consent to this very text"
    client.post("/my/wallet/keep/", {"keep": plan.public_id, "agreed": agreed})
    assert (kept_row := KeptDocument.objects.get()).consent_hash == agreed
    assert not wallet_of(person.ref, now + timedelta(days=731)).kept, "and not for ever"
    assert kept_row.kept_by == person.user
    (kept,) = wallet_of(person.ref, now).items_for("layout-plan")
    address = reverse("applicant:use_wallet", args=["draft", draft.public_id, "layout-plan"])
    assert client.post(address, {"item": kept.code}).status_code == 302
    assert client.post(address, {"item": "kept:x"}, follow=True).status_code == 200
    copy = uploads_of("application", draft.pk, material_code="layout-plan").get()
    assert (copy.sha256, copy.origin["by"]) == (plan.sha256, "wallet")
    taken = use("title-certificate", f"paper:{title.public_id}")
    assert taken.origin["source"] == title.number
    assert taken.media_type == "application/pdf"
    draft.refresh_from_db()
    assert draft.draft_version == 2
    for material, item in (
        ("layout-plan", f"paper:{title.public_id}"),
        ("title-certificate", "kept:x"),
    ):
        with pytest.raises(NotInWalletError):
            use(material, item)
    with pytest.raises(PlaceClosedError):
        use("x", kept.code)
    revoke_paper(paper=title, reason="演示", by=None, at=now)
    with pytest.raises(NotInWalletError):
        use("title-certificate", f"paper:{title.public_id}")
    client.post("/my/wallet/keep/", {"drop": plan.public_id})
    client.post("/my/wallet/keep/", {"drop": plan.public_id})
    assert not wallet_of(person.ref, now).kept
    assert uploads_of("application", draft.pk, material_code="layout-plan").exists(), "the application keeps its own"
    client.post("/my/wallet/keep/", {"keep": [plan.public_id, "x", "\0"], "agreed": agreed})
    Consent.objects.create(
        application=filed, kind="keep_documents", version="2026-3", language="zh-hans", given_by=person.user,
        given_at=now, text=stored_text(wordings()["keep_documents"]),
    )  # fmt: skip
    for party in ("x", str(other.ref), str(person.ref), str(person.ref)):
        assert client.post("/my/wallet/keep/", {"stop": party}, follow=True).status_code == 200
    assert not wallet_of(person.ref, now).kept
    assert Consent.objects.get().withdrawn_by == person.user
    keep_for_later(public_ids=[plan.public_id], agreed=agreed, by=person.user, at=now)
    Consent.objects.update(withdrawn_at=None, withdrawn_by=None)
    withdraw_consent(application_id=filed.pk, kind="keep_documents", by=person.user, at=now)
    assert not wallet_of(person.ref, now).items_for("layout-plan"), (
        "taken back for the application: taken from the picker"
    )


def test_consents_to_keep_are_taken_back_all_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    person, now = PersonFactory(), database_now()
    text = stored_text(wordings()["keep_documents"])
    for _each in range(2):
        filed = ApplicationFactory(person=person)
        Application.objects.filter(pk=filed.pk).update(submitted_at=now)
        file = make_upload(by=person.user, subject_id=str(filed.pk))
        keep_document(
            upload=file, party_kind="person", party_id=person.pk, consent_hash=text.sha256,
            until=last_day_kept(now), by=person.user, at=now,
        )  # fmt: skip
        Consent.objects.create(
            application=filed, kind="keep_documents", version="2026-3", language="zh-hans", given_by=person.user,
            given_at=now, text=text,
        )  # fmt: skip
    done: list[int] = []

    def breaks(**given: Any) -> None:
        if done:
            raise RuntimeError("the power is gone")
        done.append(given["application_id"])
        withdraw_consent(**given)

    monkeypatch.setattr(wallet_operations, "withdraw_consent", breaks)
    with pytest.raises(RuntimeError):
        wallet_operations.stop_keeping(party=person.ref, by=person.user, at=now)
    assert Consent.objects.filter(withdrawn_at=None).count() == 2
    assert len(wallet_of(person.ref, now).kept) == 2, "nothing was dropped, nothing taken back"
    monkeypatch.undo()
    assert wallet_operations.stop_keeping(party=person.ref, by=person.user, at=now) == 2
    assert not Consent.objects.filter(withdrawn_at=None).exists()
    assert not wallet_of(person.ref, now).kept


def test_a_code_shows_one_certificate_for_a_while_and_every_opening_is_told() -> None:
    person = PersonFactory()
    paper = issued(ApplicationFactory(person=person), valid_until=None)
    holder, visitor = Client(), Client()
    holder.force_login(person.user)
    address = reverse("applicant:certificate", args=[paper.public_id])
    page = holder.post(address, {"purpose": "演示路8号房东", "hours": "24"}).content.decode()
    code = re.search(r'share-code" data-verbatim>([0-9A-Z ]+)<', page)[1].replace(" ", "")  # type: ignore[index]
    assert "<svg" in page
    assert code not in holder.get(address).content.decode().replace(" ", ""), "it is shown once"
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM documents_sharecode t")
        stored = cursor.fetchone()[0]
    assert code not in stored
    assert "房东" not in stored

    spaced = " ".join(code[at : at + 4] for at in range(0, 16, 4)).lower()
    response = visitor.get("/shared/", {"code": spaced}, follow=True)
    shown = response.content.decode()
    assert paper.number in shown
    assert "演示路8号房东" in shown
    assert "样本" in shown or "演示" in shown
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response.headers["Cache-Control"]
    share = ShareCode.objects.get()
    opened = holder.get(reverse("applicant:share", args=[share.public_id])).content.decode()
    assert opened.count("已显示") == 1
    assert "由持有您分享码的人打开" in holder.get("/my/data/").content.decode()

    holder.post(reverse("applicant:share", args=[share.public_id]))
    gone = visitor.get(f"/shared/{code}/")
    assert gone.status_code == 404
    assert paper.number not in gone.content.decode()
    assert ShareOpening.objects.latest("pk").result == OpeningResult.REVOKED


def test_a_code_an_agent_made_ends_with_her_mandate() -> None:
    boss, agent = PersonFactory(), PersonFactory()
    body, now = OrganisationFactory(legal_representative=boss), database_now()
    given: dict[str, Any] = {"person": None, "organisation": body, "agent": agent, "scopes": [MandateScope.RECEIVE]}
    mandate = MandateFactory(valid_until=now + timedelta(days=2), **given)
    filed = ApplicationFactory(person=boss)
    Application.objects.filter(pk=filed.pk).update(holder_kind="organisation", holder_id=body.pk)
    paper = issued(filed, valid_until=None)
    more: dict[str, Any] = {"paper": paper, "party_kind": "organisation", "party_id": body.pk, "at": now}
    _mine, own = share_paper(purpose="自己", hours=24, by=boss.user, **more)
    theirs, code = share_paper(purpose="代办", hours=24 * 7, by=agent.user, **more)
    assert theirs.expires_at == mandate.valid_until, "no longer than she may receive"
    assert open_share(code=code, address="10.0.0.1", at=now) == theirs

    client = Client()
    client.force_login(boss.user)
    page = client.get(reverse("applicant:certificate", args=[paper.public_id])).content.decode()
    assert page.count(f"由{agent.name}分享") == 1, "the principal sees who made it"
    revoke_mandate(mandate=mandate, by=boss.user, at=database_now())
    gone = Client().get(f"/shared/{code}/")
    assert gone.status_code == 404
    assert "这个分享码没有可以显示的内容" in gone.content.decode()
    assert ShareOpening.objects.latest("pk").result == OpeningResult.ENDED
    assert "已终止" in client.get(reverse("applicant:certificate", args=[paper.public_id])).content.decode()
    assert (
        "分享人已无权代持有人办事" in client.get(reverse("applicant:share", args=[theirs.public_id])).content.decode()
    )
    later = database_now()
    MandateFactory(valid_from=later, **given)
    assert open_share(code=code, address="10.0.0.1", at=later) is None, "a new mandate opens no old code"
    assert open_share(code=own, address="10.0.0.1", at=later) is not None
    type(body).objects.filter(pk=body.pk).update(legal_representative=agent)
    assert open_share(code=own, address="10.0.0.1", at=later) is None, "a new representative, a new right"


def test_the_principal_ends_a_code_her_agent_made() -> None:
    boss, agent, now = PersonFactory(), PersonFactory(), database_now()
    MandateFactory(person=boss, agent=agent, scopes=[MandateScope.RECEIVE])
    paper = issued(ApplicationFactory(person=boss), valid_until=None)
    given: dict[str, Any] = {"paper": paper, "party_kind": "person", "party_id": boss.pk, "by": agent.user, "at": now}
    share, code = share_paper(purpose="代办", hours=24, **given)
    client = Client()
    client.force_login(boss.user)
    assert client.post(reverse("applicant:share", args=[share.public_id])).status_code == 302
    assert open_share(code=code, address="10.0.0.1", at=database_now()) is None


def test_codes_end_and_cannot_be_tried_out() -> None:
    person = PersonFactory()
    paper = issued(ApplicationFactory(person=person), valid_until=None)
    now = database_now()
    given: dict[str, Any] = {
        "paper": paper,
        "party_kind": "person",
        "party_id": person.pk,
        "by": person.user,
        "at": now,
    }
    share, code = share_paper(purpose="x", hours=1, **given)
    assert open_share(code=code, address="10.0.0.1", at=now) == share
    assert open_share(code=code, address="10.0.0.1", at=now + timedelta(hours=1)) is None, "the hour is over"
    for purpose, hours in (("", 1), ("  ", 1), ("x" * 201, 1), ("x", 2), ("a\0b", 1)):
        with pytest.raises(ValidationError):
            share_paper(purpose=purpose, hours=hours, **given)
    for number in range(10):
        assert open_share(code=f"NOTHING{number}", address="10.0.1.7", at=now) is None
    with pytest.raises(TooManyTriesError):
        open_share(code=code, address="10.0.1.250", at=now)
    assert open_share(code=code, address="10.0.2.7", at=now) == share, "another network"
    assert open_share(code=code, address="10.0.1.7", at=now + timedelta(minutes=11)) == share, "after a pause"
    revoke_share(share=share, by=person.user, at=now)
    assert revoke_share(share=share, by=person.user, at=now + timedelta(hours=1)).revoked_at == now
    assert Client().get("/shared/NOTHING/").status_code == 404
    for _try in range(10):
        last = Client().get("/shared/NOTHING/")
    assert last.status_code == 429


def test_a_purpose_is_shown_exactly_as_typed_or_refused() -> None:
    person = PersonFactory()
    paper = issued(ApplicationFactory(person=person), valid_until=None)
    client = Client()
    client.force_login(person.user)
    address = reverse("applicant:certificate", args=[paper.public_id])
    for text in naughty.strings(200)[::23]:
        before = ShareCode.objects.count()
        sent = urlencode({"purpose": text.encode("utf-8", "surrogatepass"), "hours": "1"})
        response = client.post(address, sent, content_type="application/x-www-form-urlencoded")
        assert response.status_code in (200, 422), text
        if ShareCode.objects.count() > before:
            share = ShareCode.objects.latest("pk")
            assert not naughty.is_storable(text) or share.purpose == " ".join(text.split())
            share.expires_at = share.shared_at + timedelta(microseconds=1)
            share.save(update_fields=["expires_at"])
