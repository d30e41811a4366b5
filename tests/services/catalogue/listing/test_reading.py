"""Lists as departments really save them, and as somebody who means harm would."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.listing import Listing, UnreadableListError, read_list

HEAD = "department,main_item,name,itemCode,taskType,deptCode,areaCode,link\n"
ROW = "区民政局,结婚登记,内地居民结婚登记,51-2,7,11410100000000019W,511602000000,https://example.org/a?b=c&d=e\n"


def read(text: str, **more: str) -> Listing:
    return read_list(text.encode(), **more)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ((HEAD + ROW).encode(), "utf-8-sig"),
        ((HEAD + ROW).encode("utf-8-sig"), "utf-8-sig"),
        ((HEAD + ROW).encode("gb18030"), "gb18030"),
        ((HEAD + ROW).encode("utf-16"), "utf-16"),
        ((HEAD + ROW).replace("\n", "\r\n").encode(), "utf-8-sig"),
        (("事项名称,实施编码,实施主体,事项类型\n内地居民结婚登记,51-2,区民政局,07\n").encode("gb18030"), "gb18030"),
    ],
)
def test_every_usual_encoding_says_the_same(content: bytes, encoding: str) -> None:
    listing = read_list(content)
    assert (listing.encoding, listing.faults) == (encoding, [])
    (row,) = listing.rows
    assert (row.values["name"], row.values["item_type"], row.item_code) == ("内地居民结婚登记", "07", "51-2")
    assert row.address == "list-51-2"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The file is empty"),
        (HEAD, "a head but no rows"),
        ("name,link\n结婚,https://example.org\n", "Columns are missing: item_code"),
        ("name,task_name,itemCode,department,taskType\n", "is there twice"),
        (HEAD + 'a,b,"c', "no CSV any more"),
        (HEAD + ROW + "\x00", "zero bytes"),
        ("{}", "Columns are missing"),
    ],
)
def test_what_is_no_list_is_said(text: str, sentence: str) -> None:
    with pytest.raises(UnreadableListError, match=sentence):
        read(text)


@pytest.mark.parametrize("content", [b"name\xff\xfe\xfa\x80\xff", b"\xff\xfea", bytes(range(128, 256))])
def test_bytes_of_no_known_encoding(content: bytes) -> None:
    with pytest.raises(UnreadableListError, match="neither UTF-8 nor GB 18030"):
        read_list(content)


def test_a_named_encoding_is_taken_at_its_word() -> None:
    assert read_list((HEAD + ROW).encode("gb18030"), encoding="gb18030").rows
    with pytest.raises(UnreadableListError, match="is not utf-8"):
        read_list((HEAD + ROW).encode("gb18030"), encoding="utf-8")
    with pytest.raises(UnreadableListError, match="no encoding called"):
        read_list(b"x", encoding="klingon")


@pytest.mark.parametrize(
    ("old", "new", "field", "sentence"),
    [
        ("内地居民结婚登记", "", "name", "is empty"),
        ("内地居民结婚登记", "婚" * 301, "name", "301 characters"),
        ("内地居民结婚登记", "=HYPERLINK(1)", "name", "formula"),
        ("区民政局", "@SUM(1)", "department", "formula"),
        ("结婚登记,内地", "+1|cmd,内地", "main_item", "formula"),
        ("内地居民", "内\x1b地居民", "name", "control character"),
        ("内地居民", "内\u202e地居民", "name", "control character"),
        ("内地居民", "内\ufffd地", "name", "control character"),
        (",7,", ",77,", "item_type", "is none of"),
        ("https://example.org/a?b=c&d=e", "javascript:alert(1)", "link", "no address"),
        ("https://example.org/a?b=c&d=e", 'https://x"onmouseover=1', "link", "no address"),
        ("https://example.org/a?b=c&d=e", "https://[x", "link", "no address"),
        ("https://example.org/a?b=c&d=e", "https:///x", "link", "no address"),
        ("区民政局,", "区民政局,,", "", "9 cells, the head has 8"),
    ],
)
def test_a_fault_names_its_row_and_field(old: str, new: str, field: str, sentence: str) -> None:
    listing = read(HEAD + ROW.replace("51-2", "51-1") + ROW.replace(old, new, 1))
    (fault,) = listing.faults
    assert (fault.row, fault.field) == (3, field)
    assert sentence in fault.sentence


def test_a_code_stands_once_and_empty_rows_do_not_count() -> None:
    listing = read(HEAD + ROW + "\n,,,,,,,\n" + ROW)
    assert [(fault.row, fault.sentence) for fault in listing.faults] == [(5, "51-2 stands in row 2 already.")]


def test_columns_nobody_knows_are_named_and_dashes_are_nothing() -> None:
    listing = read("name,itemCode,department,taskType,link,colour\n结婚,a b,民政局,1,-,red\n")
    assert listing.unknown == ("colour",)
    (row,) = listing.rows
    assert row.values["link"] == ""
    assert row.address.startswith("list-")
    assert " " not in row.address


@given(st.binary(max_size=400))
def test_any_bytes_are_a_list_or_a_sentence(content: bytes) -> None:
    for candidate in (content, HEAD.encode() + content):
        with suppress(UnreadableListError):
            read_list(candidate)
