"""Importing a list: all or nothing, the same twice, with a report; the real list of a district too."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from services.catalogue.models import ListedItem
from services.catalogue.queries import catalogue_state, listed_items
from tests.factories.catalogue import published_service
from tests.services.catalogue.test_shipped_content import SHARED

pytestmark = pytest.mark.django_db
GUANGAN = SHARED / "catalogue" / "guangan_items.csv"
HEAD = "department,name,itemCode,taskType\n"


def run(file: Path, *words: str) -> dict[str, Any]:
    out = StringIO()
    call_command("import_items", str(file), "--json", *words, stdout=out)
    return json.loads(out.getvalue())


def written(folder: Path, text: str, name: str = "city.csv") -> Path:
    file = folder / name
    file.write_text(HEAD + text, encoding="utf-8")
    return file


@pytest.mark.skipif(not GUANGAN.exists(), reason="shared data is not here (set SHARED_DATA)")
def test_the_list_of_a_real_district() -> None:
    checked = run(GUANGAN, "--check")
    assert ListedItem.objects.count() == 0
    first, state = run(GUANGAN), catalogue_state()
    second = run(GUANGAN)
    assert checked["counts"] == first["counts"]
    assert (first["counts"]["created"], second["counts"]["unchanged"]) == (336, 336)
    assert catalogue_state() == state
    by_rule: dict[str, int] = {}
    for finding in first["findings"]:
        by_rule[finding["rule"]] = by_rule.get(finding["rule"], 0) + 1
    assert by_rule["L1"] == 229
    assert by_rule["L5"] == 1
    assert {"1", "6", "10"} <= {one["rule"] for one in first["not_checked"]}
    assert listed_items().count() == 336


def test_a_fault_anywhere_stores_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, "民政局,结婚登记,a-1,7\n民政局,=1+1,a-2,7\n,离婚,a-3,7\n")
    with pytest.raises(CommandError, match=r"(?s)row 3: name: begins with '='.*row 4: department: is empty"):
        call_command("import_items", str(file))
    assert not ListedItem.objects.exists()
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("import_items", str(file), "--json", stdout=out)
    assert [fault["row"] for fault in json.loads(out.getvalue())["faults"]] == [3, 4]


def test_what_changed_changes_and_what_left_is_withdrawn_when_asked(tmp_path: Path) -> None:
    run(written(tmp_path, "民政局,结婚登记,a-1,7\n民政局,离婚登记,a-2,7\n"))
    file = written(tmp_path, "民政局,内地居民结婚登记,a-1,7\n")
    state = catalogue_state()
    assert run(file)["gone"] == ["a-2"]
    assert catalogue_state() != state
    assert set(listed_items().values_list("name_zh", flat=True)) == {"内地居民结婚登记", "离婚登记"}
    assert run(file, "--withdraw-gone")["counts"]["withdrawn"] == 1
    assert set(listed_items().values_list("name_zh", flat=True)) == {"内地居民结婚登记"}
    assert run(file, "--withdraw-gone")["counts"]["withdrawn"] == 0
    back = run(written(tmp_path, "民政局,内地居民结婚登记,a-1,7\n民政局,离婚登记,a-2,7\n"))
    assert back["counts"]["changed"] == 1
    assert listed_items().count() == 2


def test_an_item_of_another_list_is_not_taken_over(tmp_path: Path) -> None:
    run(written(tmp_path, "民政局,结婚登记,a-1,7\n"))
    with pytest.raises(CommandError, match="belongs to the list city"):
        call_command("import_items", str(written(tmp_path, "民政局,婚,a-1,7\n", "other.csv")))
    assert ListedItem.objects.get().name_zh == "结婚登记"


def test_a_service_with_the_same_code_is_offered_instead(tmp_path: Path) -> None:
    run(written(tmp_path, "民政局,结婚登记,a-1,7\n民政局,离婚登记,a-2,7\n"))
    published_service(item__task_code="a-1")
    assert list(listed_items().values_list("item_code", flat=True)) == ["a-2"]


def test_the_report_in_words(tmp_path: Path) -> None:
    out = StringIO()
    call_command("import_items", str(written(tmp_path, "民政局,结婚登记,a-1,7\n")), "--check", stdout=out)
    assert "would be created 1" in out.getvalue()
    assert "rule L1 (the item belongs to a main item): 1" in out.getvalue()
    assert "rule 1 (promised 0 goes with handling on the spot): 1 items, needs promised_amount" in out.getvalue()
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_items", str(tmp_path / "nothing.csv"))
    with pytest.raises(CommandError, match="Columns are missing"):
        call_command("import_items", str(_plain(tmp_path)))


def _plain(folder: Path) -> Path:
    file = folder / "plain.csv"
    file.write_text("just text\nand more\n", encoding="utf-8")
    return file
