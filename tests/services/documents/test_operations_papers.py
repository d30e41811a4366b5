"""Official papers: numbered without gaps, rendered the same by whoever does it, sealed, delivered, verified."""

from __future__ import annotations

import datetime as dt
import io
import re
import threading
from typing import Any

import pikepdf
import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from services.access.queries import accesses_to
from services.documents import storage
from services.documents.enums import DeliveryChannel, PaperKind, PaperStatus, VerificationStatus
from services.documents.facts import MissingFactsError, words
from services.documents.models import Paper, PaperCounter
from services.documents.operations import (
    DeliveryProofMissingError,
    PaperFileDamagedError,
    PaperNotRenderedError,
    UnknownDepartmentError,
    deliver_paper,
    ensure_rendered,
    open_paper,
    render_paper,
    render_papers,
    revoke_paper,
)
from services.documents.queries import (
    deliveries_of,
    matches_file,
    paper_by_code,
    papers_of,
    papers_of_subjects,
    unrendered_papers,
    verify,
)
from services.documents.tasks import render_papers_task
from tests.factories.accounts import UserFactory
from tests.factories.documents import make_paper
from tests.factories.papers import AT, FACTS
from tests.factories.parties import DepartmentFactory
from tests.services.documents.pdf_text import text_of


@pytest.fixture
def department(db: None) -> str:
    DepartmentFactory(
        code="SCJG",
        name_zh="中原区市场监督管理局",
        name_en="Market Regulation Bureau of Zhongyuan District",
        reconsideration_zh="中原区人民政府",
        reconsideration_en="the People's Government of Zhongyuan District",
        court_zh="郑州铁路运输法院",
        court_en="the Zhengzhou Railway Transport Court",
    )
    return "SCJG"


def pdf_of(paper: Paper) -> bytes:
    return storage.path_of(ensure_rendered(paper=paper, at=AT).storage_key).read_bytes()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("kind", PaperKind.values)
def test_every_kind_is_rendered_in_both_languages_as_pdf_a(department: str, kind: str, language: str) -> None:
    paper = make_paper(kind, department=department, language=language)
    content = pdf_of(paper)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "2B"
            assert paper.number in metadata["dc:title"]
        assert str(pdf.Root.Lang).startswith("zh" if language == "zh-hans" else "en")
        assert "/StructTreeRoot" in pdf.Root, "tagged, so that it can be read aloud"
        assert len(pdf.pages) == 1
        text = text_of(pdf)
    assert paper.number.replace(" ", "") in text
    assert f"/verify/{paper.verify_code}" in text
    assert "SPECIMEN" in text
    assert "样本" in text
    title, name = (
        (paper.title_zh, paper.department_zh) if language == "zh-hans" else (paper.title_en, paper.department_en)
    )
    assert title.replace(" ", "") in text
    assert name.replace(" ", "") in text
    assert paper.holder["name"] in text
    if language == "en" and kind != PaperKind.CERTIFICATE:
        own_words = re.sub(r"[一-鿿（）〔〕，·、：]+", "", text)
        assert "Englishtranslationforinformation" in own_words


def test_refusal_gives_reasons_and_both_routes_of_appeal(department: str) -> None:
    facts = {key: value for key, value in FACTS["decision_refuse"].items() if key != "remedies"}
    with pikepdf.open(io.BytesIO(pdf_of(make_paper("decision_refuse", department=department, facts=facts)))) as pdf:
        text = text_of(pdf)
    for expected in (
        "未设置独立的冷食专间",
        "六十日内向中原区人民政府申请行政复议",
        "六个月内依法向郑州铁路运输法院提起行政诉讼",
        "第三十八条第二款",
        "不予食品经营许可",
    ):
        assert expected in text


def test_what_a_person_typed_stays_text(department: str) -> None:
    hostile = '#panic("x") $ \\ *bold* `raw` ] } "quoted" <script> @label'
    facts = {**FACTS["acceptance_notice"], "service": hostile, "holder": {"name": hostile}}
    with pikepdf.open(io.BytesIO(pdf_of(make_paper(department=department, facts=facts)))) as pdf:
        assert hostile.replace(" ", "") in text_of(pdf)


def test_facts_are_checked_before_a_number_is_taken(department: str) -> None:
    with pytest.raises(MissingFactsError) as caught:
        make_paper("decision_refuse", department=department, facts={"holder": {"name": "张三"}, "service": "x"})
    assert caught.value.names == ["reasons"]
    with pytest.raises(MissingFactsError, match="holder"):
        make_paper(department=department, facts={"service": "x"})
    with pytest.raises(MissingFactsError, match=r"holder\.name"):
        make_paper(department=department, facts={**FACTS["acceptance_notice"], "holder": {"kind": "person"}})
    with pytest.raises(MissingFactsError, match=r"remedies\.court"):
        make_paper(
            "decision_refuse",
            department=department,
            facts={**FACTS["decision_refuse"], "remedies": {"reconsideration": "x"}},
        )
    with pytest.raises(TypeError):
        make_paper(department=department, facts={**FACTS["acceptance_notice"], "due_on": object()})
    with pytest.raises(ValueError, match="zh-hans or en"):
        make_paper(department=department, language="fr")
    with pytest.raises(UnknownDepartmentError):
        make_paper(department="NOBODY")
    assert not PaperCounter.objects.exists()


def test_numbers_are_counted_per_department_kind_and_year_and_say_demo(department: str) -> None:
    DepartmentFactory(code="XF")
    new_year = dt.datetime(2026, 12, 31, 16, 30, tzinfo=dt.UTC)  # already 2027 in China
    assert [
        make_paper(department=department).number,
        make_paper(department=department).number,
        make_paper("certificate", department=department).number,
        make_paper(department="XF").number,
        make_paper(department=department, at=new_year).number,
    ] == [
        "演示郑市监受〔2026〕00001号",
        "演示郑市监受〔2026〕00002号",
        "演示-SCJG-2026-00001",
        "演示郑消受〔2026〕00001号",
        "演示郑市监受〔2027〕00001号",
    ]


def test_words_in_numbers_are_distinct() -> None:
    kinds = [kind.word for kind in words().kinds.values()]
    assert set(words().kinds) == set(PaperKind.values)
    assert len(set(kinds)) == len(kinds)
    departments = list(words().departments.values())
    assert len(set(departments)) == len(departments)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_get_consecutive_numbers_even_the_first_of_the_year() -> None:
    DepartmentFactory(code="SCJG")
    user = UserFactory()
    ready = threading.Barrier(2)
    numbers: list[str] = []

    def issue() -> None:
        from services.documents.operations import issue_paper

        try:
            for _round in range(10):
                ready.wait(timeout=20)
                paper = issue_paper(
                    kind="acceptance_notice", department="SCJG", subject_kind="case", subject_id=1,
                    facts=FACTS["acceptance_notice"], by=user, at=AT,
                )  # fmt: skip
                numbers.append(paper.number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=issue) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(numbers) == [f"演示郑市监受〔2026〕{serial:05}号" for serial in range(1, 21)]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_issue_leaves_no_gap() -> None:
    DepartmentFactory(code="SCJG")
    make_paper(department="SCJG")

    def fail() -> None:
        with transaction.atomic():
            make_paper(department="SCJG")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert make_paper(department="SCJG").number == "演示郑市监受〔2026〕00002号"


def test_rendering_twice_or_by_two_gives_one_file(department: str) -> None:
    paper = make_paper(department=department)
    stale = Paper.objects.get(pk=paper.pk)
    first = render_paper(paper_id=paper.pk, at=AT)
    assert render_paper(paper_id=paper.pk, at=AT).storage_key == first.storage_key
    # A second worker that began before the first one ended comes to the same bytes and keeps none.
    from services.documents.operations import rendering

    content = storage.path_of(first.storage_key).read_bytes()
    adapter = rendering._adapter_for(stale)
    again = rendering.typesetting.draw(stale.kind, rendering._content(stale, adapter), created_at=stale.issued_at)
    assert again == content
    kept = rendering._keep(stale, again, {}, AT)
    assert kept.storage_key == first.storage_key
    assert kept.seal_record == first.seal_record
    assert not list((storage.root() / storage.INCOMING).iterdir())


def test_the_sweep_renders_what_is_owed(department: str) -> None:
    papers = [make_paper(department=department) for _ in range(3)]
    assert render_papers(at=AT - dt.timedelta(seconds=1)) == 0
    assert render_papers(at=AT, limit=2) == 2
    assert render_papers(at=AT) == 1
    assert render_papers(at=AT + dt.timedelta(days=1)) == 0
    assert Paper.objects.exclude(storage_key="").count() == len(papers)


def test_the_task_renders_what_is_owed(department: str) -> None:
    paper = make_paper(department=department, at=timezone.now())
    assert render_papers_task() == 1
    assert render_papers_task() == 0
    paper.refresh_from_db()
    assert paper.storage_key


@pytest.mark.parametrize("kind", ["receipt", "certificate"])
def test_a_paper_spells_the_characters_no_font_has(department: str, kind: str) -> None:
    name = "张\U00020000·\ue815\U00030000"
    paper = make_paper(department=department, kind=kind, facts={**FACTS[kind], "holder": {"name": name}})
    with pikepdf.open(io.BytesIO(pdf_of(paper))) as pdf:
        words = text_of(pdf)
    assert "张〖U+20000〗·〖U+E815〗〖U+30000〗" in words
    assert "字库暂缺" in words, "and it says what that means"
    paper.refresh_from_db()
    assert paper.holder["name"] == name, "the record keeps the true characters"
    assert not unrendered_papers().exists()


def test_rare_characters_of_names_are_rendered(department: str) -> None:
    facts = {**FACTS["acceptance_notice"], "holder": {"name": "张𠮷㛃𱁬龑喆"}}
    with pikepdf.open(io.BytesIO(pdf_of(make_paper(department=department, facts=facts)))) as pdf:
        assert "张𠮷㛃𱁬龑喆" in text_of(pdf)


def test_opening_is_written_down_and_marks_the_first_opening(department: str) -> None:
    paper = make_paper(department=department)
    owner, clerk = UserFactory(), UserFactory()
    delivery = deliver_paper(
        paper=paper, channel=DeliveryChannel.ONLINE, recipient_user=owner, proof={"consent": 7}, at=AT
    )
    open_paper(paper=paper, reader=clerk, purpose="hand-out", at=AT)
    delivery.refresh_from_db()
    assert delivery.opened_at is None
    later = AT + dt.timedelta(hours=1)
    opened = open_paper(paper=paper, reader=owner, purpose="own paper", at=later)
    open_paper(paper=paper, reader=owner, purpose="own paper", at=later + dt.timedelta(hours=1))
    delivery.refresh_from_db()
    assert delivery.opened_at == later
    assert opened.name == "受理通知书 演示郑市监受〔2026〕00001号.pdf"
    assert {access.reader for access in accesses_to("case", 1)} == {owner, clerk}


def test_a_changed_file_is_not_handed_out(department: str) -> None:
    paper = ensure_rendered(paper=make_paper(department=department), at=AT)
    path = storage.path_of(paper.storage_key)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(PaperFileDamagedError):
        open_paper(paper=paper, reader=UserFactory(), purpose="x", at=AT)
    assert verify(paper.verify_code, at=AT).seal_valid is False
    path.unlink()
    with pytest.raises(PaperFileDamagedError):
        open_paper(paper=paper, reader=UserFactory(), purpose="x", at=AT)


def test_delivery_needs_proof_and_is_recorded_once(department: str) -> None:
    paper = make_paper(department=department)
    with pytest.raises(DeliveryProofMissingError):
        deliver_paper(paper=paper, channel="online", recipient_user=UserFactory(), proof={}, at=AT)
    first = deliver_paper(paper=paper, channel="counter", recipient_user=None, proof={"collected_by": "张*"}, at=AT)
    again = deliver_paper(
        paper=paper, channel="counter", recipient_user=None, proof={"collected_by": "李*"}, at=AT + dt.timedelta(days=1)
    )
    assert (again.pk, again.proof) == (first.pk, {"collected_by": "张*"})
    assert list(deliveries_of(paper)) == [first]


def test_verification_tells_the_truth_and_no_more(department: str) -> None:
    facts = {**FACTS["certificate"], "holder": {"name": "李小敏", "kind": "person", "id_number": "410105190001010029"}}
    paper = ensure_rendered(paper=make_paper("certificate", department=department, facts=facts), at=AT)
    typed = f" {paper.verify_code[:4].lower()}-{paper.verify_code[4:]} "
    found = verify(typed, at=AT)
    assert (found.status, found.number, found.holder, found.specimen) == (
        VerificationStatus.VALID, "演示-SCJG-2026-00001", "李*敏", True,
    )  # fmt: skip
    assert found.seal_valid is True
    assert found.title_zh == "食品经营许可证"
    assert "410105" not in repr(found)
    assert verify(paper.verify_code, at=dt.datetime(2031, 10, 12, tzinfo=dt.UTC)).status == VerificationStatus.EXPIRED
    assert verify("NOSUCHCODE", at=AT).status == VerificationStatus.UNKNOWN
    assert paper_by_code("") is None

    content = storage.path_of(paper.storage_key).read_bytes()
    assert matches_file(paper.verify_code, io.BytesIO(content)) is True
    assert matches_file(paper.verify_code, io.BytesIO(content + b"\n")) is False
    assert matches_file("NOSUCHCODE", io.BytesIO(content)) is False

    revoke_paper(paper=paper, reason="以欺骗手段取得", by=UserFactory(), at=AT)
    again = revoke_paper(paper=paper, reason="second", by=None, at=AT, status=PaperStatus.CANCELLED)
    assert (again.status, again.status_reason) == (PaperStatus.REVOKED, "以欺骗手段取得")
    assert verify(paper.verify_code, at=AT).status == VerificationStatus.REVOKED
    organisation = verify(make_paper(department=department).verify_code, at=AT)
    assert organisation.holder == FACTS["acceptance_notice"]["holder"]["name"]


def test_facts_and_holder_are_not_readable_in_the_database(department: str) -> None:
    make_paper(department=department)
    with connection.cursor() as cursor:
        cursor.execute("SELECT facts::text, holder::text FROM documents_paper")
        ((facts, holder),) = cursor.fetchall()
    name = FACTS["acceptance_notice"]["holder"]["name"]
    for stored in (facts, holder):
        assert name not in bytes.fromhex(stored.removeprefix("\\x")).decode("utf-8", "ignore")


def test_papers_of_subjects_in_two_queries(department: str, django_assert_num_queries: Any) -> None:
    first = make_paper(department=department, subject=("case", "1"))
    second = make_paper(department=department, subject=("application", "9"))
    make_paper(department=department, subject=("case", "2"))
    assert list(papers_of("case", 1)) == [first]
    with django_assert_num_queries(2):
        assert list(papers_of_subjects([("case", "1"), ("application", "9")])) == [first, second]
    assert not papers_of_subjects([]).exists()


def test_a_real_paper_never_gets_the_demo_mark(department: str, settings: Any) -> None:
    settings.SEAL_ADAPTER = "tests.services.documents.seal_stand_in.RealSealAdapter"
    paper = make_paper(department=department)
    assert (paper.number, paper.specimen) == ("郑市监受〔2026〕00001号", False)
    with pikepdf.open(io.BytesIO(pdf_of(paper))) as pdf:
        text = text_of(pdf)
    assert "SPECIMEN" not in text
    assert "样本" not in text
    assert verify(paper.verify_code, at=AT).seal_valid is True
    waiting = make_paper(department=department)
    settings.SEAL_ADAPTER = "services.documents.seals.DemoSealAdapter"
    with pytest.raises(PaperNotRenderedError, match="real seal"):
        ensure_rendered(paper=waiting, at=AT)


def test_a_seal_service_that_fails_is_asked_again(department: str, settings: Any) -> None:
    settings.SEAL_ADAPTER = "tests.services.documents.seal_stand_in.BrokenSealAdapter"
    paper = make_paper(department=department)
    assert render_papers(at=AT) == 0
    assert render_papers(at=AT) == 0, "tried again later, not at once"
    assert render_papers(at=AT + dt.timedelta(seconds=30)) == 0
    paper.refresh_from_db()
    assert (paper.render_attempts, paper.storage_key) == (2, "")
    assert paper.render_after == AT + dt.timedelta(seconds=30) + dt.timedelta(seconds=60)
    assert list(unrendered_papers()) == [paper]
    assert verify(paper.verify_code, at=AT).seal_valid is None
    settings.SEAL_ADAPTER = "tests.services.documents.seal_stand_in.RealSealAdapter"
    assert render_papers(at=AT + dt.timedelta(seconds=90)) == 1
    paper.refresh_from_db()
    assert paper.render_error == ""
