"""The oracle of languages: sharp on what was never translated, silent on what has no language."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.journeys.language import foreign_texts, foreign_words, outside_marks, texts_of


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("⟦Sign in⟧ now", "now"),
        ("⟦Applicant: ⟦Anna⟧⟧", ""),
        ("a ⟦b⟧ c ⟦d⟧ e", "a c e"),
        ("stray ⟧ mark", "stray ⟧ mark"),
        ("⟦never closed", ""),
    ],
)
def test_marks_are_taken_out(text: str, left: str) -> None:
    assert " ".join(outside_marks(text).split()) == left


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("zh-hans", "⟦提交申请⟧ Submit", ("Submit",)),
        ("zh-hans", "Ok", ("Ok",)),
        ("zh-hans", "⟦提交申请⟧", ()),
        ("zh-hans", "食品经营许可 SCJG-2026-000123 · 12.5 kB · PDF", ()),
        ("zh-hans", "https://example.org/verify/abc · a@example.org · layout-plan.png", ()),
        ("zh-hans", "91410100MA0000074E", ()),
        ("zh-hans", "市场监督管理局YJS-20261123-00001-01", ()),
        ("zh-hans", "Anna Smith 的申请", ()),
        ("zh-hans", "Anna Smith applied", ("applied",)),
        ("zh-hans", "Zhengzhou (demo)", ("Zhengzhou", "demo")),
        ("en", "⟦Applicant: 李雯⟧", ()),
        ("en", "李雯 · ⟦you⟧", ()),
        ("en", "李雯的申请", ("的申请",)),
        ("en", "⟦Submit⟧ 提交", ("提交",)),
        ("en", "（⟦optional⟧）", ()),
        ("en", "Application filed", ()),
        ("en", "演示郑政务收〔2026〕00002号 演示-SCJG-2026-00004", ()),
    ],
)
def test_what_is_foreign(language: str, text: str, words: tuple[str, ...]) -> None:
    assert foreign_words(text, language=language, known=["Anna Smith", "李雯", "20"]) == words


def test_every_visible_place_is_read(chromium_browser: Browser) -> None:
    page = chromium_browser.new_page()
    page.set_content(
        """<html lang="en"><head><title>标题</title><meta name="description" content="说明"></head><body>
        <p>Well <b>⟦bold</b> word⟧</p><p>坏</p><label>Name <input placeholder="姓名" value="张三"></label>
        <img alt="图"><button aria-label="关">x</button><a title="去" href="#">go</a><input type="submit" value="交">
        <p lang="zh-hans">简体中文</p><p data-verbatim>李雯</p><code>代码</code><script>var 变量 = 1</script>
        <select><option>选项</option></select><p>half <span data-verbatim>李</span> 错</p></body></html>"""
    )
    found = {(one.place, *one.words) for one in foreign_texts(texts_of(page), language="en")}
    page.close()
    assert found == {
        ("title", "标题"),
        ("meta", "说明"),
        ("p", "坏"),
        ("@placeholder", "姓名"),
        ("@alt", "图"),
        ("@aria-label", "关"),
        ("@title", "去"),
        ("@value", "交"),
        ("option", "选项"),
        ("p", "错"),
    }
