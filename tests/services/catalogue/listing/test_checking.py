"""A list against the catalogue's rules: what breaks them, and what the list does not say."""

from __future__ import annotations

import pytest

from services.catalogue.listing import check_rows, read_list

GOOD = {
    "name": "排水许可",
    "itemCode": "11410100000000019W1",
    "department": "城管局",
    "taskType": "20",
    "main_item": "排水",
    "deptCode": "11410100000000019W",
    "promise_day": "5",
    "promise_type": "1",
    "anticipate_day": "20",
    "anticipate_type": "1",
    "project_type": "2",
    "handle_type": "1,2",
    "limit_scene_num": "0",
    "limit_scene_explain": "",
    "online_handle_depth": "2|4|5",
    "is_fee": "0",
    "fee_basis": "",
    "fee_stand": "",
    "is_pay_online": "0",
    "link_way": "0371-10000001",
    "supervise_way": "0371-10000002",
    "server_type": "2",
    "user_topic_type": "",
    "corp_topic_type": "010",
}


def checked(**changes: str) -> tuple[set[tuple[str, str]], dict[str, tuple[str, ...]]]:
    row = {key: value for key, value in {**GOOD, **changes}.items() if value != "GONE"}
    text = "\n".join([",".join(row), ",".join(f'"{value}"' for value in row.values())])
    listing = read_list(text.encode())
    assert listing.faults == []
    findings, skipped = check_rows(listing)
    return {(one.rule, one.field) for one in findings}, {one.rule: one.missing for one in skipped}


def test_a_list_that_says_everything_breaks_nothing() -> None:
    assert checked() == (set(), {"8": (), "9": ()})


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"promise_day": "0"}, ("1", "handling_kind")),
        ({"project_type": "1"}, ("1", "handling_kind")),
        ({"limit_scene_num": "1"}, ("2", "visits_reason_zh")),
        ({"handle_type": "1"}, ("3", "handling_forms")),
        ({"limit_scene_num": "1", "limit_scene_explain": "核对原件"}, ("4", "visits")),
        ({"is_fee": "1"}, ("5", "fees.1")),
        ({"is_pay_online": "1"}, ("5", "pays_online")),
        ({"link_way": "12345"}, ("6", "consult_phone")),
        ({"link_way": "0371-10000002"}, ("6", "complaint_phone")),
        ({"server_type": "1"}, ("7", "person_themes")),
        ({"promise_day": "30"}, ("10", "promised_amount")),
        ({"name": "其他相关材料"}, ("10", "name")),
        ({"main_item": "未分类"}, ("L1", "main_item")),
        ({"deptCode": "11410100000000019A"}, ("L2", "department_code")),
        ({"itemCode": "123"}, ("L3", "item_code")),
        ({"name": "运输备案证明", "taskType": "1"}, ("L4", "item_type")),
    ],
)
def test_what_breaks_a_rule_is_found(changes: dict[str, str], finding: tuple[str, str]) -> None:
    assert finding in checked(**changes)[0]


def test_what_a_list_does_not_say_is_not_broken_but_not_checked() -> None:
    findings, skipped = checked(promise_day="GONE", server_type="", corp_topic_type="GONE")
    assert findings == set()
    assert skipped["1"] == ("promised_amount",)
    assert skipped["7"] == ("audiences", "legal_themes")


def test_two_items_of_one_name_cannot_be_told_apart() -> None:
    rows = ["name,itemCode,department,taskType,main_item"]
    rows += ["补贴,1,人社局,5,补贴", "补贴,2,人社局,5,补贴", "补贴,3,民政局,5,补贴"]
    findings, _ = check_rows(read_list("\n".join(rows).encode()))
    assert [(one.row, one.rule) for one in findings] == [(3, "L5")]
