"""The guard rails of conftest.py hold: each one is made to fail here."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.paginator import Paginator, UnorderedObjectListWarning
from django.db import connection
from django.db.utils import DatabaseError
from django.template import Context, Template, engines
from django.template.base import Origin

from tests.conftest import OutsideNetworkError, UndefinedVariableError

ROOT = Path(__file__).resolve().parents[1]
APPEND_ONLY = """
    create table scratch_history (id int primary key);
    insert into scratch_history values (1);
    create function scratch_refuse() returns trigger language plpgsql as
        $$ begin raise exception 'history is append-only'; end $$;
    create trigger scratch_no_change before update or delete on scratch_history
        for each row execute function scratch_refuse();
    create trigger scratch_no_truncate before truncate on scratch_history
        for each statement execute function scratch_refuse();
"""


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80), ("one-stop.example", 443)])
def test_other_machines_are_out_of_reach(address: tuple[str, int]) -> None:
    with pytest.raises(OutsideNetworkError, match=address[0]):
        socket.create_connection(address, timeout=1)
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as unconnected, pytest.raises(OutsideNetworkError):
        unconnected.connect(address)


def test_this_machine_is_in_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.django_db
def test_pages_of_an_unordered_list_fail() -> None:
    with pytest.raises(UnorderedObjectListWarning):
        Paginator(get_user_model().objects.order_by(), 10).page(1)


def _render(source: str, folder: Path) -> str:
    origin = Origin(name=str(folder / "page.html"), template_name="page.html")
    engine = engines["django"].engine  # type: ignore[attr-defined]
    return Template(source, origin=origin, engine=engine).render(Context({"known": "yes", "empty": None}))


@pytest.mark.parametrize(
    "source", ["{{ unknown }}", "{{ known.part }}", '{{ unknown|default:"-" }}', "{% firstof unknown %}"]
)
def test_undefined_variables_of_our_templates_fail(source: str) -> None:
    if "firstof" in source:  # written for what may be missing
        assert _render(source, ROOT / "templates" / "public") == ""
        return
    with pytest.raises(UndefinedVariableError, match=r"templates/public/page\.html uses (unknown|known\.part)"):
        _render(source, ROOT / "templates" / "public")


def test_defined_and_asked_for_variables_pass() -> None:
    source = '{{ known }}{{ empty|default:"-" }}{% if unknown %}never{% endif %}'
    assert _render(source, ROOT / "templates" / "public") == "yes-"


def test_other_packages_may_use_undefined_variables() -> None:
    assert _render("a{{ unknown }}b", ROOT / ".venv" / "lib") == "ab"


@pytest.fixture(scope="module")
def append_only_table(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> object:
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(APPEND_ONLY)
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("drop table scratch_history; drop function scratch_refuse")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("append_only_table")
@pytest.mark.parametrize("statement", ["truncate scratch_history", "delete from scratch_history"])
def test_append_only_triggers_hold_inside_tests(statement: str) -> None:
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"):
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("append_only_table")
def test_flush_empties_what_the_triggers_protect(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db.backends.postgresql.introspection import DatabaseIntrospection

    names = DatabaseIntrospection.django_table_names
    monkeypatch.setattr(
        DatabaseIntrospection, "django_table_names", lambda self, **how: [*names(self, **how), "scratch_history"]
    )
    # Row numbers are not used again: processes and calendars are cached by theirs.
    call_command(
        "flush",
        interactive=False,
        verbosity=0,
        allow_cascade=True,
        inhibit_post_migrate=True,
        reset_sequences=False,
    )
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from scratch_history")
        assert cursor.fetchone() == (0,)
        cursor.execute("insert into scratch_history values (1)")
        cursor.execute("show session_replication_role")
        assert cursor.fetchone() == ("origin",)


@pytest.mark.django_db(transaction=True)
def test_flush_leaves_what_django_fills_and_restores_it_where_a_test_changed_it() -> None:
    def flushed() -> dict[str, int]:
        call_command("flush", interactive=False, verbosity=0, reset_sequences=False)
        return dict(Permission.objects.values_list("codename", "pk"))

    get_user_model().objects.create(username="gone after the flush")
    known = dict(Permission.objects.values_list("codename", "pk"))
    assert flushed() == known
    assert not get_user_model().objects.exists()
    Permission.objects.first().delete()  # type: ignore[union-attr]
    ContentType.objects.filter(app_label="cases").delete()
    restored = flushed()
    assert restored.keys() >= known.keys()  # and those of models that tests define
    assert ContentType.objects.filter(app_label="cases").exists()
    assert flushed() == restored


def test_stored_files_lie_in_the_test_folder() -> None:
    assert (ROOT / "var") not in Path(settings.MEDIA_ROOT).parents
    Path(settings.MEDIA_ROOT).mkdir(parents=True, exist_ok=True)
    Path(settings.MEDIA_ROOT, "left.txt").write_text("by the test before")


def test_stored_files_are_gone_after_each_test() -> None:
    assert not Path(settings.MEDIA_ROOT).exists()
