"""The command a person types."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from services.catalogue.models import ServiceVersion
from services.catalogue.queries import SHIPPED_FOLDER


@pytest.mark.django_db
def test_loading_twice_says_what_happened() -> None:
    first, second = StringIO(), StringIO()

    call_command("load_catalogue", stdout=first)
    call_command("load_catalogue", stdout=second)

    files = len(list(SHIPPED_FOLDER.glob("*/*.yaml")))
    assert first.getvalue() == f"{files} created, 0 changed, 0 unchanged\n"
    assert second.getvalue() == f"0 created, 0 changed, {files} unchanged\n"


@pytest.mark.django_db
def test_checking_stores_nothing() -> None:
    out = StringIO()

    call_command("load_catalogue", "--check", stdout=out)

    assert out.getvalue() == "The catalogue is consistent.\n"
    assert not ServiceVersion.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [["--check"], []])
def test_what_is_wrong_is_printed(tmp_path: Path, arguments: list[str]) -> None:
    folder = Path(shutil.copytree(SHIPPED_FOLDER, tmp_path / "data"))
    file = folder / "services" / "dog-registration.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("promised: {amount: 0", "promised: {amount: 9"), encoding="utf-8"
    )

    with pytest.raises(CommandError, match="dog-registration: promised_amount: The promised limit is longer"):
        call_command("load_catalogue", *arguments, "--folder", str(folder))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"defaults\.yaml: cannot be read"):
        call_command("load_catalogue", "--check", "--folder", str(tmp_path))
