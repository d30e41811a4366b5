"""The words of the notices: complete, fixed placeholders, nothing that a value could smuggle in."""

from __future__ import annotations

import pytest

from services.notifications.messages import (
    Message,
    MessageError,
    frame_for,
    message_book,
    needed_params,
    read_messages,
    render,
)

PARAMS = {
    "application": "A-1",
    "case": "C-2",
    "service_zh": "食品经营许可",
    "service_en": "Food licence",
    "department_zh": "市场监督管理局",
    "department_en": "Market regulator",
    "title_zh": "审查",
    "title_en": "Review",
    "reason": "no flue",
    "days": "5",
    "before": "2026-10-14",
    "due": "2026-10-16",
    "limit_zh": "承诺时限",
    "limit_en": "Promised limit",
    "as_of_zh": "2026年10月16日 09:00",
    "as_of_en": "16 Oct 2026, 09:00",
    "number": "JC-2026-00001",
    "rule_zh": "演示条例第一条",
    "rule_en": "Demo Regulation, art. 1",
    "place": "Room 3",
    "opens": "2026-09-01",
    "who": "Li Wen",
    "principal": "Wang Ltd",
    "did_zh": "提交了",
    "did_en": "filed",
    "fee_zh": "登记费",
    "fee_en": "Registration fee",
    "amount": "80.00",
    "address": "https://one-stop.example/my/invited/x/",
}
KINDS = sorted(message_book().kinds)
BOOK = """
placeholders: {case: text, due: date}
frame:
  zh: {site: 站, open: 看, footer: 尾}
  en: {site: Site, open: Open, footer: Foot}
kinds:
  told:
    channels: [inbox]
    placeholders: [case]
    zh: {subject: "办件 {case}", body: "办件 {case}"}
    en: {subject: "Case {case}", body: "Case {case}"}
"""


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_reads_well_in_both_languages(kind: str) -> None:
    chinese, english = render(kind, PARAMS, "zh-hans"), render(kind, PARAMS, "en")
    for message in (chinese, english):
        assert message.subject
        assert message.body
        assert "{" not in message.subject + message.body + message.sms
        assert bool(message.sms) == ("sms" in message_book().kinds[kind].channels)
    shown = english.subject + english.body + english.sms
    assert not [mark for mark in shown if "\u4e00" <= mark <= "\u9fff"]
    assert "Food licence" not in chinese.subject + chinese.body + chinese.sms


def test_date_is_written_as_each_language_writes_it() -> None:
    assert "2026年10月16日（周五）" in render("case_accepted", PARAMS, "zh-hans").body
    assert "Fri 16 Oct 2026" in render("case_accepted", PARAMS, "en").body


def test_unknown_language_reads_chinese() -> None:
    assert render("case_filed", PARAMS, "fr") == render("case_filed", PARAMS, "zh-hans")
    assert frame_for("en-gb").site == "One-Stop"


@pytest.mark.parametrize("name", ["case", "service_zh", "service_en", "due"])
def test_missing_value_is_named(name: str) -> None:
    with pytest.raises(MessageError, match=name):
        needed_params("case_accepted", {key: value for key, value in PARAMS.items() if key != name})


def test_only_what_the_texts_need_is_kept() -> None:
    kept = needed_params("task_waiting", {**PARAMS, "id_number": "410101199001011234"})
    assert set(kept) == {"title_zh", "title_en", "case", "service_zh", "service_en"}


def test_date_must_be_a_date() -> None:
    with pytest.raises(MessageError, match="ISO date"):
        needed_params("case_accepted", {**PARAMS, "due": "tomorrow"})


def test_value_stays_one_harmless_line() -> None:
    evil = "A\r\nBcc: all@example.com\u2028x\u202ey {case} {application.__class__} %s"
    message = render("application_received", {**PARAMS, "service_en": evil}, "en")
    assert message.subject == (
        "We have received your application: A Bcc: all@example.com xy {case} {application.__class__} %s"
    )
    assert "\n" not in message.sms


def test_long_value_is_cut() -> None:
    message = render("case_filed", {**PARAMS, "service_en": "x" * 2000}, "en")
    assert len(message.subject) == 120
    assert "x" * 500 in message.body
    assert "x" * 501 not in message.body


def test_book_is_read() -> None:
    assert read_messages(BOOK).kinds["told"].texts["en"] == Message("Case {case}", "Case {case}")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("[inbox]", "[pigeon]", "channels must be among"),
        ("[inbox]", "[]", "channels must be among"),
        ("[inbox]", "[inbox, sms]", "must have exactly body, sms, subject"),
        ("placeholders: [case]", "placeholders: [case, due]", "the kind names"),
        ("placeholders: [case]", "placeholders: [case, age]", "unknown placeholders"),
        ('body: "Case {case}"', 'body: "Case {due}"', "the kind names"),
        ('body: "Case {case}"', 'body: "Case {case.pk}"', "not a plain placeholder"),
        ('body: "Case {case}"', 'body: "Case {case!r}"', "not a plain placeholder"),
        ('body: "Case {case}"', 'body: "Case {case:>9}"', "not a plain placeholder"),
        ('body: "Case {case}"', 'body: "Case {}"', "not a plain placeholder"),
        ('subject: "Case {case}"', 'subject: "Case\\n{case}"', "one line"),
        ("    en: {subject", "    fr: {subject", "no text in en"),
        ("due: date", "due: week", "unknown type"),
    ],
)
def test_wrong_book_is_refused_with_its_reason(old: str, new: str, why: str) -> None:
    assert old in BOOK
    with pytest.raises(MessageError, match=why):
        read_messages(BOOK.replace(old, new))


def test_unknown_kind_is_named() -> None:
    with pytest.raises(MessageError, match="birthday"):
        render("birthday", PARAMS, "en")
