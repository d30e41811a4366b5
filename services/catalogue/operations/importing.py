"""Importing: a department's list of items becomes listed items, which can be found before they have a guide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from services.catalogue.listing import Listing, NotChecked, Problem, Row, check_rows
from services.catalogue.models import ListedItem
from services.catalogue.operations.publishing import one_loader_at_a_time


class ListFaultsError(ValueError):
    """Rows of the list cannot be stored, so none was; `faults` says which and why."""

    def __init__(self, faults: Sequence[Problem]) -> None:
        """Keep the faults and write them line by line."""
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


@dataclass
class ImportReport:
    """What importing did or would do: implementation codes by what happened to them, and what breaks the rules.

    gone: items of the same list that are in it no more. withdrawn: those of them that were withdrawn.
    """

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    findings: list[Problem] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)


@transaction.atomic
def import_list(
    *, listing: Listing, list_name: str, at: datetime, withdraw_gone: bool = False, check_only: bool = False
) -> ImportReport:
    """Store a list: all of it or, with a fault in any row, nothing. The same list again changes nothing.

    Args:
        listing: as `services.catalogue.listing.read_list` returned it.
        list_name: what the list is called; a later file of the same list replaces its items.
        at: when it is imported.
        withdraw_gone: also withdraw the list's items that are not in it any more.
        check_only: report and store nothing.

    Effects: listed items; one list is imported at a time.

    Raises:
        ListFaultsError: a row cannot be stored, or its code belongs to an item of another list.
    """
    if listing.faults:
        raise ListFaultsError(listing.faults)
    one_loader_at_a_time()
    known = {item.item_code: item for item in ListedItem.objects.order_by("code")}
    _refuse_foreign(listing.rows, known, list_name)
    report = ImportReport()
    report.findings, report.not_checked = check_rows(listing)
    new, changed = _sorted_out(listing.rows, known, list_name, at, report)
    here = {row.item_code for row in listing.rows}
    gone = [one for one in known.values() if one.list_name == list_name and one.item_code not in here]
    gone = [one for one in gone if one.withdrawn_at is None]
    report.gone = [one.item_code for one in gone]
    if withdraw_gone:
        report.withdrawn = report.gone
        for one in gone:
            one.withdrawn_at = one.changed_at = at
        changed += gone
    if not check_only:
        ListedItem.objects.bulk_create(new, batch_size=500)
        ListedItem.objects.bulk_update(changed, _CHANGING, batch_size=500)
    return report


_CHANGING = (
    "name_zh",
    "main_item_zh",
    "item_type",
    "department_zh",
    "department_code",
    "area_code",
    "link",
    "facts",
    "checksum",
    "changed_at",
    "withdrawn_at",
)


def _refuse_foreign(rows: Sequence[Row], known: Mapping[str, ListedItem], list_name: str) -> None:
    faults = [
        Problem(row.number, row.item_code, "", "item_code", f"belongs to the list {known[row.item_code].list_name}.")
        for row in rows
        if row.item_code in known and known[row.item_code].list_name != list_name
    ]
    if faults:
        raise ListFaultsError(faults)


def _sorted_out(
    rows: Sequence[Row], known: Mapping[str, ListedItem], list_name: str, at: datetime, report: ImportReport
) -> tuple[list[ListedItem], list[ListedItem]]:
    """Return the items to be made and those to be changed, and note in the report what is what."""
    new, changed = [], []
    for row in rows:
        item = known.get(row.item_code)
        if item is None:
            report.created.append(row.item_code)
            item = ListedItem(code=row.address, item_code=row.item_code, list_name=list_name, listed_at=at)
            new.append(item)
        elif item.checksum == row.checksum and item.withdrawn_at is None:
            report.unchanged.append(row.item_code)
            continue
        else:
            report.changed.append(row.item_code)
            changed.append(item)
        _fill(item, row, at)
    return new, changed


def _fill(item: ListedItem, row: Row, at: datetime) -> None:
    values = row.values
    item.name_zh, item.main_item_zh = values["name"], values["main_item"]
    item.item_type, item.area_code, item.link = values["item_type"], values["area_code"], values["link"]
    item.department_zh, item.department_code = values["department"], values["department_code"]
    item.facts = {key: value for key, value in row.facts.items() if value != ""}
    item.checksum, item.changed_at, item.withdrawn_at = row.checksum, at, None
