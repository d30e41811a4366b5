"""What a list says against the consistency rules of the catalogue: the rules of `validators.py`, as far as it says it.

A rule whose columns the list does not have is not broken: it is reported as not checked. Beside those rules, a list is
checked for what only a list can be wrong in (L1…L5).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.catalogue.content import ServiceContent
from services.catalogue.enums import HandlingKind, ItemType, ReviewKind
from services.catalogue.listing.reading import Listing, Problem, Row
from services.catalogue.validators import CATCH_ALL, RULES
from services.parties.identity_numbers import IdentityNumberError, check_uscc

#: Which facts a rule of the catalogue reads: those an item must say, and columns the list must have. Without them a
#: list cannot break it.
NEEDS: Mapping[int, tuple[tuple[str, ...], tuple[str, ...]]] = {
    1: (("promised_amount", "handling_kind"), ()),
    2: (("visits",), ("visits_reason_zh",)),
    3: (("visits", "handling_forms"), ()),
    4: (("visits", "online_depth"), ()),
    5: (("has_fee",), ("fee_basis_zh", "fee_rate_zh")),
    6: (("consult_phone", "complaint_phone"), ()),
    7: (("audiences",), ("person_themes", "legal_themes")),
    10: (("promised_amount", "promised_unit", "statutory_amount", "statutory_unit"), ()),
}
#: What no list says: questions, steps and results belong to the guide.
GUIDE_RULES = (8, 9)
_UNSORTED = frozenset({"", "未分类", "无", "其他"})
_FILING = re.compile("备案|证明|查询|核查")


@dataclass(frozen=True)
class NotChecked:
    """A rule that could not be checked for some items. missing: the columns it needs; none where a guide says it."""

    rule: str
    missing: tuple[str, ...]
    items: int


def check_rows(listing: Listing) -> tuple[list[Problem], list[NotChecked]]:
    """Return what breaks the rules, row by row, and which rules could not be checked for how many items."""
    findings: list[Problem] = []
    unknown: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for row in listing.rows:
        for rule, (says, columns) in NEEDS.items():
            missing = tuple(key for key in says if row.facts.get(key, "") == "")
            missing += tuple(key for key in columns if key not in listing.columns)
            if missing:
                unknown[str(rule), missing] += 1
                continue
            for field, sentence in RULES[rule](_as_content(row)):
                findings.append(Problem(row.number, row.item_code, str(rule), field, sentence))
        findings += _own(row)
    findings += _repeated_names(listing.rows)
    unknown.update({(str(rule), ()): len(listing.rows) for rule in GUIDE_RULES})
    skipped = [NotChecked(rule, missing, count) for (rule, missing), count in unknown.items()]
    skipped.sort(key=lambda one: (int(one.rule), one.missing))
    return sorted(findings, key=lambda one: (one.row, one.rule)), skipped


def _as_content(row: Row) -> ServiceContent:
    """Return the row as the rules know a service, with nothing in it but what the list says."""
    facts = {key: value for key, value in row.facts.items() if value != ""}
    spot = facts.get("handling_kind") == HandlingKind.ON_THE_SPOT
    version: dict[str, Any] = {"review_kind": ReviewKind.AT_ONCE if spot else ReviewKind.REVIEW_FIRST, **facts}
    fees = []
    if facts.get("has_fee"):
        fees.append({"order": 1, "rate_zh": facts.get("fee_rate_zh", ""), "basis_zh": facts.get("fee_basis_zh", "")})
    return ServiceContent(
        code=row.item_code,
        tree=(),
        item={"item_type": row.values["item_type"]},
        version=version,
        lines={"fees": fees, "materials": [], "faqs": [], "steps": [], "results": [], "legal_bases": []},
        questions=[],
        stops=[],
        checksum="",
    )


def _own(row: Row) -> Iterator[Problem]:
    for rule, check in _OWN.items():
        for field, sentence in check(row.values):
            yield Problem(row.number, row.item_code, rule, field, sentence)


Found = Iterable[tuple[str, str]]


def _main_item(values: Mapping[str, str]) -> Found:
    """L1: an item belongs to a main item (主项 → 子项 → 业务办理项)."""
    if values["main_item"] in _UNSORTED:
        yield "main_item", "It belongs to no main item: the tree of items is not complete."


def _department_code(values: Mapping[str, str]) -> Found:
    """L2: a department is known by its unified social credit code."""
    if code := values["department_code"]:
        try:
            check_uscc(code)
        except IdentityNumberError:
            yield "department_code", f"{code} is no unified social credit code."


def _implementation_code(values: Mapping[str, str]) -> Found:
    """L3: the implementation code holds the code of the body that does it."""
    code = values["department_code"].partition("_")[0]
    if code and code not in values["item_code"]:
        yield "item_code", "It does not hold the code of the department that is named."


def _type_and_name(values: Mapping[str, str]) -> Found:
    """L4: what is called a filing, a certificate or a look-up is no licence."""
    if values["item_type"] == ItemType.LICENCE and _FILING.search(values["name"]) and "许可" not in values["name"]:
        yield "item_type", f"It is listed as a licence, but its name says {_FILING.findall(values['name'])[0]}."


def _catch_all(values: Mapping[str, str]) -> Found:
    """10: a name says what it is."""
    if CATCH_ALL.search(values["name"]):
        yield "name", "Catch-all wording is not allowed."


_OWN: Mapping[str, Callable[[Mapping[str, str]], Found]] = {
    "L1": _main_item,
    "L2": _department_code,
    "L3": _implementation_code,
    "L4": _type_and_name,
    "10": _catch_all,
}


def _repeated_names(rows: Sequence[Row]) -> Iterator[Problem]:
    """L5: within a department a name stands for one item: people could not tell the two apart."""
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.values["department"], row.values["name"])
        if key in first:
            sentence = f"{row.values['department']} lists an item of this name in row {first[key]} already."
            yield Problem(row.number, row.item_code, "L5", "name", sentence)
        first.setdefault(key, row.number)
