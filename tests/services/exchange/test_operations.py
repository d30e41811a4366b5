"""Registers asked over real HTTP: answers, time-outs, rests and what is written down about it."""

from __future__ import annotations

import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections

from portal.demo.registry import Fault, Registry, read_entries
from services.exchange.consents import consent_text, consent_version
from services.exchange.enums import CallError, Outcome
from services.exchange.models import CachedAnswer, SharingConsent, SourceCall, SourceHealth
from services.exchange.operations import (
    ConsentMissingError,
    LicenceCheck,
    PurposeNotAllowedError,
    Question,
    SourceAnswer,
    ask_source,
    ask_sources,
    asking,
    forget_old_answers,
    give_consent,
    verify_business_licence,
    withdraw_consent,
)
from services.exchange.queries import calls_about, calls_for, resting_sources
from services.exchange.sources import UnknownSourceError, source_of, sources
from services.exchange.tasks import forget_old_answers_task
from tests.factories.accounts import UserFactory
from tests.factories.papers import AT

COMPANY = "91410100MA0000074E"
OWNER_ID = "410103190503182012"
pytestmark = pytest.mark.django_db


@pytest.fixture
def registry(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """The demo's own stand-in, on a free port; the portal waits at most 0.3 seconds for it."""
    quick = {
        code: replace(one, connect_seconds=0.3, read_seconds=0.3, total_seconds=0.6) for code, one in sources().items()
    }
    monkeypatch.setattr(asking, "source_of", lambda code: quick[code] if code in quick else source_of(code))
    server = Registry(("127.0.0.1", 0), entries=read_entries())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    settings.SOURCES_URL = server.url
    agree()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


def agree() -> None:
    """Let somebody agree to every register being read for application 12."""
    for code, one in sources().items():
        for purpose in one.purposes.values():
            if purpose.consent:
                SharingConsent.objects.create(
                    source=code, purpose=purpose.code, subject_kind="application", subject_id="12",
                    version=consent_version(), text_hash="0" * 64, given_by=UserFactory(), given_at=AT,
                )  # fmt: skip


def ask(
    key: str = COMPANY, *, source: str = "business-registry", purpose: str = "prefill", **given: Any
) -> SourceAnswer:
    given.setdefault("at", AT)
    given.setdefault("by", None)
    return ask_source(source=source, purpose=purpose, key=key, subject_kind="application", subject_id=12, **given)


def check(uscc: str = COMPANY, legal_representative: str = "王建国", at: dt.datetime = AT) -> LicenceCheck:
    return verify_business_licence(
        uscc=uscc, legal_representative=legal_representative, subject_kind="application", subject_id=12,
        by=None, at=at,
    )  # fmt: skip


def test_an_answer_holds_the_described_elements_only(registry: Registry) -> None:
    registry.entries = {"business-registry": {COMPANY: {"name": "甲公司", "status": "存续", "secret": "not described"}}}
    asker = UserFactory()
    answer = ask(f" {COMPANY.lower()} ", by=asker)
    assert answer.found
    assert answer.data == {"organisation.name": "甲公司", "entry.status": "存续"}
    (call,) = calls_for("application", 12)
    assert (call.outcome, call.error, call.cached, call.asked_by) == (Outcome.FOUND, CallError.NONE, False, asker)
    assert call.fields == ["entry.status", "organisation.name"]
    assert call.key_masked == "914***********074E"
    assert call.milliseconds >= 0
    assert list(calls_about("business-registry", COMPANY)) == [call]
    assert not calls_about("business-registry", "91410100MA0000007G").exists()


def test_what_nobody_could_store_or_read_is_left_out_of_an_answer(registry: Registry) -> None:
    hostile = {
        "name": "甲\0公司",
        "kind": {"x": 1},
        "business_scope": ["a"],
        "capital": "9" * 3000,
        "status": "a\u0007",
    }
    registry.entries = {"business-registry": {COMPANY: {**hostile, "legal_representative": "王建国·𬴊"}}}
    assert ask().data == {"organisation.legal_representative": "王建国·𬴊"}


def test_no_personal_data_lies_open_in_the_database(registry: Registry) -> None:
    assert ask(OWNER_ID, source="household-registry").data["person.name"] == "王建国"
    with connection.cursor() as cursor:
        for table in ("exchange_sourcecall", "exchange_cachedanswer", "exchange_sourcehealth"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            stored = " ".join(row[0] for row in cursor.fetchall())
            assert OWNER_ID not in stored
            assert "王建国" not in stored
            assert OWNER_ID.encode().hex() not in stored
            assert "王建国".encode().hex() not in stored


def test_keys_never_stand_in_an_address(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    handler = registry.RequestHandlerClass
    monkeypatch.setattr(handler, "log_request", lambda self, *_args: seen.append(self.requestline))
    ask(OWNER_ID, source="household-registry")
    assert seen == ["POST /sources/household-registry HTTP/1.1"]


def test_an_answer_serves_ten_minutes_for_its_purpose(registry: Registry) -> None:
    ask()
    again = ask(at=AT + dt.timedelta(minutes=9))
    assert (again.cached, again.checked_at) == (True, AT)
    assert len(registry.calls) == 1
    assert not ask(purpose="licence-check").cached
    assert not ask(at=AT + dt.timedelta(minutes=10)).cached
    assert not ask(at=AT - dt.timedelta(minutes=1)).cached, "the past knows nothing of a later answer"
    assert len(registry.calls) == 4
    assert SourceCall.objects.count() == 5


def test_who_has_just_been_registered_is_found_at_the_next_try(registry: Registry) -> None:
    new = "91410100MA0000099X"
    assert ask(new).outcome == Outcome.NOT_FOUND
    assert not CachedAnswer.objects.exists(), "that there is nothing is not kept"
    registry.entries["business-registry"][new] = {"name": "新登记的小店（演示）"}
    found = ask(new, at=AT + dt.timedelta(seconds=5))
    assert (found.outcome, found.cached) == (Outcome.FOUND, False)
    assert ask(new, at=AT + dt.timedelta(seconds=9)).cached
    del registry.entries["business-registry"][new]
    assert ask(new, at=AT + dt.timedelta(minutes=11)).outcome == Outcome.NOT_FOUND
    assert not CachedAnswer.objects.exists(), "what was kept is gone with it"


def test_old_answers_are_forgotten(registry: Registry) -> None:
    ask()
    assert forget_old_answers(at=AT + dt.timedelta(minutes=9)) == 0
    assert forget_old_answers(at=AT + dt.timedelta(minutes=10)) == 1
    ask(at=AT)
    assert CachedAnswer.objects.count() == 1
    CachedAnswer.objects.update(checked_at=AT - dt.timedelta(days=3650))
    assert forget_old_answers_task() == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind="delay", value=20), CallError.TIMED_OUT),
        (Fault(kind="status", value=503), CallError.REFUSED),
        (Fault(kind="status", value=302), CallError.REFUSED),
        (Fault(kind="garbage"), CallError.MALFORMED),
        (Fault(kind="hang up"), CallError.NOT_REACHED),
        (Fault(kind="drip", value=0.05), CallError.TIMED_OUT),
    ],
)
def test_a_failing_register_blocks_nobody(registry: Registry, fault: Fault, error: CallError) -> None:
    registry.faults.append(fault)
    begun = time.monotonic()
    answer = ask()
    assert time.monotonic() - begun < 5
    assert (answer.outcome, answer.error, answer.data) == (Outcome.UNAVAILABLE, error, {})
    assert SourceCall.objects.get().error == error
    assert ask().found, "a failure is not remembered as an answer"


@pytest.mark.parametrize("entry", [None, [], "text"])
def test_an_entry_that_is_none_is_no_answer(registry: Registry, entry: object) -> None:
    registry.entries = {"business-registry": {COMPANY: entry}}  # type: ignore[dict-item]
    assert ask().error == CallError.MALFORMED


def test_an_endless_answer_is_cut_off(registry: Registry) -> None:
    registry.entries = {"business-registry": {COMPANY: {"name": "长" * 300_000}}}
    assert ask().error == CallError.MALFORMED


def test_nobody_listening_and_nothing_configured(settings: Any) -> None:
    agree()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.SOURCES_URL = f"http://127.0.0.1:{probe.getsockname()[1]}"
    assert ask().error == CallError.NOT_REACHED
    settings.SOURCES_URL = "not an address"
    assert ask().error == CallError.NOT_REACHED
    failures = SourceHealth.objects.get().failures
    settings.SOURCES_URL = ""
    assert ask().error == CallError.NOT_CONFIGURED
    assert SourceHealth.objects.get().failures == failures


def test_a_register_that_keeps_failing_rests_and_is_probed_once(registry: Registry) -> None:
    registry.faults.extend([Fault(kind="status", value=500)] * 6)
    for _try in range(5):
        assert ask().error == CallError.REFUSED
    assert ask().error == CallError.RESTING
    assert [health.source for health in resting_sources(AT)] == ["business-registry"]
    assert len(registry.calls) == 5
    assert ask(OWNER_ID, source="household-registry").error == CallError.REFUSED, "every register has its own rest"

    after = AT + dt.timedelta(seconds=30)
    registry.faults.append(Fault(kind="status", value=500))
    assert ask(at=after).error == CallError.REFUSED, "one probe"
    assert ask(at=after).error == CallError.RESTING, "which failed, so it rests on"
    later = after + dt.timedelta(seconds=30)
    assert ask(at=later).found
    assert not resting_sources(later).exists()
    health = SourceHealth.objects.get(source="business-registry")
    assert (health.failures, health.last_success_at, health.last_error) == (0, later, "")


@pytest.mark.django_db(transaction=True)
def test_only_one_of_many_probes_a_resting_register(registry: Registry) -> None:
    SourceHealth.objects.create(source="business-registry", failures=5, rests_until=AT)
    registry.faults.append(Fault(kind="delay", value=0.1))
    ready = threading.Barrier(4)
    errors: list[CallError] = []

    def probe(number: int) -> None:
        try:
            ready.wait(timeout=20)
            errors.append(ask(purpose="prefill", key=f"KEY{number}").error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=probe, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    # Whoever comes after the probe has succeeded may ask as well; while it runs, nobody else does.
    assert len(registry.calls) == errors.count(CallError.NONE)
    assert len(errors) == 4
    assert errors.count(CallError.NONE) >= 1


def test_only_known_sources_for_their_purposes(registry: Registry) -> None:
    with pytest.raises(UnknownSourceError):
        ask(source="secret-police")
    with pytest.raises(PurposeNotAllowedError):
        ask(purpose="curiosity")
    assert registry.calls == []
    assert not SourceCall.objects.exists()


def test_a_held_licence_is_verified(registry: Registry) -> None:
    found = check()
    assert (found.found, found.matches, found.status, found.source) == (True, True, "存续", "business-registry")
    assert found.name == "郑州老街坊餐饮管理有限公司（演示）"
    assert found.data["premises.address"] == "郑州市金水区演示街8号"
    assert found.checked_at == AT


@pytest.mark.parametrize("name", ["王 建国", "  王建国　"])
def test_spaces_and_widths_do_not_matter(registry: Registry, name: str) -> None:
    assert check(legal_representative=name).matches


@pytest.mark.parametrize(
    ("uscc", "name", "found", "status"),
    [
        (COMPANY, "张三", True, "存续"),
        (COMPANY, "", True, "存续"),
        ("91410100MA0000007G", "李雯", True, "吊销"),
        ("91410100MB0000001A", "李雯", False, ""),
    ],
)
def test_licences_of_others_revoked_or_unknown_do_not_match(
    registry: Registry, uscc: str, name: str, found: bool, status: str
) -> None:
    result = check(uscc, name)
    assert (result.found, result.matches, result.status) == (found, False, status)


def test_a_number_that_cannot_exist_is_not_asked_about(registry: Registry) -> None:
    result = check("91410100MA0000074X")
    assert (result.outcome, result.matches) == (Outcome.NOT_FOUND, False)
    assert registry.calls == []


def test_a_silent_register_says_so_instead_of_no(registry: Registry) -> None:
    registry.faults.append(Fault(kind="delay", value=20))
    result = check()
    assert (result.outcome, result.found, result.matches) == (Outcome.UNAVAILABLE, False, False)
    assert result.error == CallError.TIMED_OUT


def test_registers_are_asked_side_by_side_and_none_holds_up_the_others(registry: Registry) -> None:
    registry.latency = 0.2
    registry.faults.append(Fault(kind="delay", value=20, source="property-registry"))
    questions = [
        Question(source="business-registry", purpose="prefill", key=COMPANY),
        Question(source="household-registry", purpose="prefill", key=OWNER_ID, holders=["王建国"]),
        Question(source="property-registry", purpose="prefill", key="豫（2022）郑州市不动产权第0000001号"),
        Question(source="tax", purpose="prefill", key=COMPANY),
    ]
    begun = time.monotonic()
    answers = ask_sources(questions, subject_kind="application", subject_id=12, by=None, at=AT)
    assert time.monotonic() - begun < 0.2 * 4, "the slowest counts, not the sum"
    assert [one.source for one in answers] == [one.source for one in questions]
    assert [one.found for one in answers] == [True, True, False, True]
    assert answers[2].error == CallError.TIMED_OUT
    assert answers[1].data["person.sex"] == "1", "in the form's words"
    assert answers[1].fields["sex"] == "男", "and in the register's"
    assert SourceCall.objects.count() == 4


def test_nothing_is_read_without_a_consent_in_force(registry: Registry) -> None:
    given = {"source": "tax", "purpose": "prefill", "subject_kind": "application", "subject_id": 12}
    her = UserFactory()
    assert withdraw_consent(**given, by=her, at=AT) == 1
    assert withdraw_consent(**given, by=her, at=AT) == 0, "once"
    with pytest.raises(ConsentMissingError):
        ask(source="tax")
    assert registry.calls == []
    assert not SourceCall.objects.exists()
    consent = give_consent(**given, by=her, at=AT)
    assert give_consent(**given, by=her, at=AT) == consent, "agreeing twice is agreeing once"
    assert ask(source="tax").found
    SharingConsent.objects.update(version="an older text")
    with pytest.raises(ConsentMissingError):
        ask(source="tax")
    with pytest.raises(ConsentMissingError):
        ask_source(
            source="tax", purpose="document", key=COMPANY, subject_kind="application", subject_id=13, by=her, at=AT
        )
    assert "Tax payments" not in consent_text(source_of("tax"), "prefill").en, "in the middle of a sentence"
    assert "完税信息" in consent_text(source_of("tax"), "prefill").zh


def test_an_entry_of_somebody_else_keeps_its_holder_s_fields_closed(registry: Registry) -> None:
    title = "豫（2023）郑州市不动产权第0000002号"
    asked = {"source": "property-registry", "key_element": "premises.title_number"}
    others = ask(title, holders=["王建国"], **asked)
    assert (others.found, others.is_holders) == (True, False)
    assert "premises.owner_name" not in others.data
    assert "entry.mortgaged" not in others.data
    assert others.data["premises.use"] == "residential"
    hers = ask(title, holders=["王建国", "李 雯"], **asked)
    assert hers.cached
    assert (hers.is_holders, hers.data["premises.owner_name"]) == (True, "李雯")
    nobody = ask(OWNER_ID, source="household-registry", holders=[])
    assert not nobody.is_holders
    assert "person.name" not in nobody.data
