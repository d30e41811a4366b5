"""The columns a list may have, by every name they go by: ours, the national exchange tables', the Chinese one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from services.catalogue import enums

_SEVERAL = re.compile(r"[,;，；、|\s]+")
_YES, _NO = frozenset({"1", "是", "yes", "true", "y"}), frozenset({"0", "2", "否", "no", "false", "n"})


class UnreadableValueError(ValueError):
    """A value is not what its column holds; the argument is a sentence."""


@dataclass(frozen=True)
class Column:
    """A column. names: how its head may read, in small letters. read: turns a cell into a value, or refuses it."""

    key: str
    names: tuple[str, ...]
    read: Callable[[str], Any]
    required: bool = False


def _text(longest: int) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if len(cell) > longest:
            raise UnreadableValueError(f"has {len(cell)} characters; at most {longest} fit.")
        return cell

    return read


def _code_of(choices: Any) -> Callable[[str], str]:
    labels = {str(one.label).casefold(): str(one.value) for one in choices}

    def read(cell: str) -> str:
        padded = cell.zfill(max(len(str(one.value)) for one in choices))
        for known in (cell, padded):
            if known in choices.values:
                return known
        if cell.casefold() in labels:
            return labels[cell.casefold()]
        raise UnreadableValueError(f"{cell!r} is none of {', '.join(map(str, choices.values))}.")

    return read


def _codes_of(choices: Any) -> Callable[[str], list[str]]:
    one = _code_of(choices)
    return lambda cell: sorted({one(part) for part in _SEVERAL.split(cell) if part})


def _number(cell: str) -> int:
    if not re.fullmatch(r"\d{1,5}", cell):
        raise UnreadableValueError(f"{cell!r} is not a whole number.")
    return int(cell)


def _yes_no(cell: str) -> bool:
    if cell.casefold() in _YES:
        return True
    if cell.casefold() in _NO:
        return False
    raise UnreadableValueError(f"{cell!r} is neither yes nor no.")


def _unit(cell: str) -> str:
    words = {"1": "working_days", "工作日": "working_days", "2": "calendar_days", "自然日": "calendar_days"}
    if cell not in words:
        raise UnreadableValueError(f"{cell!r} is no unit of a limit: 1 for working days, 2 for calendar days.")
    return words[cell]


def _link(cell: str) -> str:
    try:
        host = urlsplit(cell).hostname
    except ValueError:  # such as brackets that do not close
        host = None
    if not host or not re.fullmatch(r"https?://[^\s<>\"']+", cell) or len(cell) > 1000:
        raise UnreadableValueError("is no address that begins with http:// or https://.")
    return cell


#: What every item of a list is known by.
COLUMNS: tuple[Column, ...] = (
    Column("name", ("name", "task_name", "事项名称", "名称"), _text(300), required=True),
    Column("item_code", ("itemcode", "item_code", "task_code", "实施编码", "事项编码"), _text(100), required=True),
    Column(
        "department", ("department", "dept_name", "部门", "实施主体", "实施机关", "部门名称"), _text(100), required=True
    ),
    Column("item_type", ("tasktype", "task_type", "item_type", "事项类型"), _code_of(enums.ItemType), required=True),
    Column("main_item", ("main_item", "主项", "主项名称"), _text(500)),
    Column("department_code", ("deptcode", "dept_code", "部门编码", "实施主体编码"), _text(40)),
    Column("area_code", ("areacode", "area_code", "行政区划", "行政区划代码"), _text(12)),
    Column("link", ("link", "link_addr", "url", "在线办理地址"), _link),
)
#: What the consistency rules look at, where a list has it.
FACTS: tuple[Column, ...] = (
    Column("promised_amount", ("promise_day", "promised_amount", "承诺办结时限"), _number),
    Column("promised_unit", ("promise_type", "promised_unit", "承诺办结时限单位"), _unit),
    Column("statutory_amount", ("anticipate_day", "statutory_amount", "法定办结时限"), _number),
    Column("statutory_unit", ("anticipate_type", "statutory_unit", "法定办结时限单位"), _unit),
    Column("handling_kind", ("project_type", "handling_kind", "办件类型"), _code_of(enums.HandlingKind)),
    Column("handling_forms", ("handle_type", "handling_forms", "办理形式"), _codes_of(enums.HandlingForm)),
    Column("visits", ("limit_scene_num", "visits", "到办事现场次数", "到现场次数"), _number),
    Column(
        "visits_reason_zh",
        ("limit_scene_explain", "visits_reason", "必须现场办理原因", "必须现场办理原因说明"),
        _text(2000),
    ),
    Column(
        "online_depth",
        ("online_handle_depth", "online_depth", "网上办理深度", "网办深度"),
        _codes_of(enums.OnlineDepth),
    ),
    Column("has_fee", ("is_fee", "has_fee", "是否收费"), _yes_no),
    Column("fee_basis_zh", ("fee_basis", "收费依据"), _text(2000)),
    Column("fee_rate_zh", ("fee_stand", "fee_rate", "收费标准"), _text(2000)),
    Column("pays_online", ("is_pay_online", "pays_online", "是否网上支付", "网上支付"), _yes_no),
    Column("consult_phone", ("link_way", "consult_phone", "咨询电话", "咨询方式"), _text(40)),
    Column("complaint_phone", ("supervise_way", "complaint_phone", "投诉电话", "监督投诉方式"), _text(40)),
    Column("audiences", ("server_type", "audiences", "服务对象"), _codes_of(enums.Audience)),
    Column("person_themes", ("user_topic_type", "person_themes", "个人主题"), _codes_of(enums.PersonTheme)),
    Column("legal_themes", ("corp_topic_type", "legal_themes", "法人主题"), _codes_of(enums.LegalTheme)),
)
BY_HEAD: Mapping[str, Column] = {name: column for column in (*COLUMNS, *FACTS) for name in column.names}
REQUIRED = tuple(column for column in COLUMNS if column.required)
