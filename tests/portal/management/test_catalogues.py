"""Translations are merged without loss, contradictions are named, and untranslated text is found."""

from __future__ import annotations

import gettext
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.management import catalogues
from portal.management.catalogues import CatalogueError, Text, texts_in_python, texts_in_template

ROOT = Path(__file__).resolve().parents[3]
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "locale" / "parts").mkdir(parents=True)
    (tmp_path / "portal").mkdir()
    (tmp_path / "templates").mkdir()
    return tmp_path


def _part(project: Path, name: str, *entries: str) -> None:
    (project / "locale" / "parts" / f"{name}.zh_Hans.po").write_text(HEADER + "\n".join(entries))


def _entry(english: str, chinese: str, context: str = "") -> str:
    return (f'\nmsgctxt "{context}"' if context else "") + f'\nmsgid "{english}"\nmsgstr "{chinese}"\n'


def _catalogue(folder: Path, language: str) -> gettext.NullTranslations:
    return gettext.translation("django", folder, [language])


def test_parts_become_one_catalogue(project: Path) -> None:
    _part(project, "forms", _entry("Name", "姓名"), _entry("May", "五月", "month"))
    _part(
        project, "desk", _entry("Name", "姓名"), 'msgid "%(n)s day"\nmsgid_plural "%(n)s days"\nmsgstr[0] "%(n)s 天"\n'
    )
    assert catalogues.compile_catalogues(project, project / "locale") == 3
    chinese = _catalogue(project / "locale", "zh_Hans")
    assert chinese.gettext("Name") == "姓名"
    assert chinese.pgettext("month", "May") == "五月"
    assert chinese.ngettext("%(n)s day", "%(n)s days", 5) == "%(n)s 天"
    english = _catalogue(project / "locale", "en")
    assert english.gettext("Name") == "Name"
    assert english.ngettext("%(n)s day", "%(n)s days", 1) == "%(n)s day"
    assert english.ngettext("%(n)s day", "%(n)s days", 5) == "%(n)s days"


def test_two_parts_that_disagree_are_named(project: Path) -> None:
    _part(project, "desk", _entry("Submit", "提交"))
    _part(project, "forms", _entry("Submit", "递交"))
    with pytest.raises(CatalogueError, match=r"desk\.zh_Hans\.po and forms\.zh_Hans\.po .*'Submit'.*'提交'.*'递交'"):
        catalogues.merge_parts(project / "locale" / "parts")


@pytest.mark.parametrize(
    "broken",
    ['msgid "open\nmsgstr "x"\n', 'mgsid "x"\nmsgstr "y"\n', 'msgid "x"\nmsgstr "y\n', 'msgid "x" y\nmsgstr "y"\n'],
)
def test_broken_part_is_named(project: Path, broken: str) -> None:
    _part(project, "bad", broken)
    with pytest.raises(CatalogueError, match=r"bad\.zh_Hans\.po is not a valid \.po file"):
        catalogues.merge_parts(project / "locale" / "parts")


def test_lost_placeholder_is_named(project: Path) -> None:
    _part(project, "desk", _entry("Due on %(day)s", "截止日期 %(date)s"))
    with pytest.raises(CatalogueError, match=r"desk.*'Due on %\(day\)s'.*%\(day\)s"):
        catalogues.merge_parts(project / "locale" / "parts")


def test_marked_catalogues_mark_both_languages(project: Path) -> None:
    _part(project, "desk", _entry("Submit", "提交"))
    (project / "portal" / "views.py").write_text('label = _("Only in code")\n')
    catalogues.compile_catalogues(project, project / "marked", marked=True)
    assert _catalogue(project / "marked", "zh_Hans").gettext("Submit") == "⟦提交⟧"
    assert _catalogue(project / "marked", "en").gettext("Submit") == "⟦Submit⟧"
    assert _catalogue(project / "marked", "en").gettext("Only in code") == "⟦Only in code⟧"


def test_texts_of_code_are_found() -> None:
    source = (
        '_("One" " and two")\ngettext_lazy("Three")\nngettext("day", "days", n)\npgettext("month", "May")\n'
        "_(variable)\nother('No')\ntranslation.gettext('Four')\nnpgettext('c', 'a', 'b', 2)\n"
    )
    assert set(texts_in_python(source)) == {
        Text("One and two"),
        Text("Three"),
        Text("day", "days"),
        Text("May", context="month"),
        Text("Four"),
        Text("a", "b", "c"),
    }


def test_texts_of_templates_are_found() -> None:
    source = """{% load i18n %}<p title='{% translate "It's ours" %}'>{% translate "Name" context "person" %}</p>
    {% blocktranslate count n=days trimmed %}
      {{ n }} day of {{ total }}
    {% plural %}
      {{ n }} days of {{ total }}
    {% endblocktranslate %}
    {% blocktranslate %}50% of "all"{% endblocktranslate %}
    {{ _("In a variable") }} {% include "x.html" with title=_("Given") %}
    {% comment %}{% translate "No" %}{% endcomment %}
    """
    assert set(texts_in_template(source)) == {
        Text("It's ours"),
        Text("Name", context="person"),
        Text("%(n)s day of %(total)s", "%(n)s days of %(total)s"),
        Text('50%% of "all"'),
        Text("In a variable"),
        Text("Given"),
    }


def test_untranslated_text_is_listed_with_its_file(project: Path) -> None:
    _part(project, "desk", _entry("Known", "已知"), _entry("Empty", ""))
    (project / "templates" / "page.html").write_text('{% translate "Known" %}{% translate "Unknown" %}')
    (project / "portal" / "views.py").write_text('_("Empty")\n')
    assert catalogues.untranslated(project) == {
        Text("Empty"): project / "portal" / "views.py",
        Text("Unknown"): project / "templates" / "page.html",
    }


def test_command_fails_on_untranslated_text(
    project: Path, settings: object, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.ROOT = project  # type: ignore[attr-defined]
    _part(project, "desk")
    (project / "templates" / "page.html").write_text('{% translate "Unknown" %}')
    with pytest.raises(CommandError, match="1 texts have no Chinese"):
        call_command("compile_catalogues", "--check")
    assert "templates/page.html: 'Unknown'" in capsys.readouterr().out
    _part(project, "desk", _entry("Unknown", "未知"))
    call_command("compile_catalogues", "--check")
    call_command("compile_catalogues")
    assert _catalogue(project / "locale", "zh_Hans").gettext("Unknown") == "未知"


def test_only_newer_parts_are_compiled_again(project: Path) -> None:
    _part(project, "desk", _entry("Submit", "提交"))
    assert catalogues.compile_if_stale(project)
    assert not catalogues.compile_if_stale(project)
    later = (project / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo").stat().st_mtime + 5
    os.utime(project / "locale" / "parts" / "desk.zh_Hans.po", (later, later))
    assert catalogues.compile_if_stale(project)


def test_a_site_can_run_on_marked_catalogues(tmp_path: Path) -> None:
    call_command("compile_catalogues", "--marked", str(tmp_path), verbosity=0)
    script = (
        "import django; django.setup(); from django.utils.translation import gettext, override\n"
        "for language in ('zh-hans', 'en'):\n"
        "    with override(language): print(gettext('There is no such page'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "LOCALE_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings.test"},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["⟦页面不存在⟧", "⟦There is no such page⟧"]
