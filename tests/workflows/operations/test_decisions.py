"""Decision tables on a real database: published, versioned, asked by a process, loaded from a folder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.factories.runs import NOW
from tests.workflows.dmn.tables import CEL, column, dmn
from workflows.actions import ActionContext, ActionResult, action_named
from workflows.dmn import DecisionError, DmnError, decide
from workflows.enums import DefinitionState
from workflows.models import DecisionDefinition
from workflows.operations.decisions import UnsoundDecisionError, publish_decision
from workflows.queries import decisions
from workflows.queries.decisions import UnknownDecisionError, decision_of, published_decision

pytestmark = pytest.mark.django_db


def fees(*rules: tuple[str, str], policy: str = "UNIQUE", key: str = "sign-fee", default: str = "0") -> bytes:
    return dmn([column("sign.area", "number")], [column("fee", default=default)], rules, policy, key=key)


SMALL = fees(("< 10", "50"), (">= 10", "80"))


def ask(key: str, **data: Any) -> ActionResult:
    """Call the action as a job does."""
    registered = action_named("workflows.decide")
    assert registered.outside is False
    context: Mapping[str, Any] = {"run_id": 1, "root_id": 1, "subject_kind": "probe", "subject_id": "1", "key": "k"}
    return registered.call(ActionContext(**context, node="ask", at=NOW, data=data, decision=key))


def test_a_published_decision_is_a_numbered_version() -> None:
    first = publish_decision(source=SMALL, at=NOW)
    assert (first.key, first.version, first.state) == ("sign-fee", 1, DefinitionState.PUBLISHED)
    assert (first.name_zh, first.name_en, first.published_at) == ("决策", "Decision", NOW)
    assert first.source.encode() == SMALL
    assert published_decision("sign-fee") == first


def test_the_same_file_again_changes_nothing() -> None:
    first = publish_decision(source=SMALL, at=NOW)
    assert publish_decision(source=SMALL, at=NOW + timedelta(days=1)) == first
    assert DecisionDefinition.objects.get().published_at == NOW


def test_a_new_version_retires_the_one_before_and_an_old_file_may_come_back() -> None:
    first = publish_decision(source=SMALL, at=NOW)
    second = publish_decision(source=fees(("-", "60")), at=NOW)
    third = publish_decision(source=SMALL, at=NOW)
    other = publish_decision(source=fees(("-", "1"), key="other"), at=NOW)
    assert [(each.version, each.key) for each in (first, second, third, other)] == [
        (1, "sign-fee"),
        (2, "sign-fee"),
        (3, "sign-fee"),
        (1, "other"),
    ]
    published = DecisionDefinition.objects.filter(state=DefinitionState.PUBLISHED)
    assert set(published) == {third, other}


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (fees(("< 10", "50"), ("> 5", "80")), "overlap"),
        (fees(("< 10", "50"), default=""), "gap"),
        (fees(("-", "50"), ("> 5", "80"), policy="FIRST"), "never_hits"),
        (fees((f"{CEL}input > limit", "50"), ("5", "80")), "undecided"),
        (dmn([column("a")], [column("o", allowed="[0..9]")], [("-", "10")]), "output_not_allowed"),
    ],
)
def test_what_is_not_proven_is_not_published(source: bytes, kind: str) -> None:
    with pytest.raises(UnsoundDecisionError, match=f"is not published: {kind}: ") as caught:
        publish_decision(source=source, at=NOW)
    assert [problem.kind for problem in caught.value.problems] == [kind]
    assert not DecisionDefinition.objects.exists()


def test_a_file_that_cannot_be_decided_with_is_not_published() -> None:
    with pytest.raises(DmnError):
        publish_decision(source=SMALL.replace(b"UNIQUE", b"ANY"), at=NOW)
    assert not DecisionDefinition.objects.exists()


def test_paths_are_checked_where_they_are_known() -> None:
    publish_decision(source=SMALL, at=NOW, known=frozenset({"sign.area"}))
    with pytest.raises(UnsoundDecisionError, match=r"unknown_path: i1: Nothing here is called sign\.area"):
        publish_decision(source=SMALL, at=NOW, known=frozenset({"sign.width"}))


def test_an_unpublished_decision_is_unknown() -> None:
    with pytest.raises(UnknownDecisionError, match="load_decisions"):
        published_decision("sign-fee")
    DecisionDefinition.objects.filter(pk=publish_decision(source=SMALL, at=NOW).pk).update(state="retired")
    with pytest.raises(UnknownDecisionError):
        published_decision("sign-fee")


def test_a_definition_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = publish_decision(source=SMALL, at=NOW)
    table = decision_of(definition)
    assert decide(table, {"sign": {"area": 12}}) == 80
    monkeypatch.setattr(decisions, "parse_decision", None)
    assert decision_of(DecisionDefinition.objects.get()) is table


def test_the_action_hands_the_result_to_conditions_and_to_the_data() -> None:
    publish_decision(source=SMALL, at=NOW)
    answer = ask("sign-fee", sign={"area": 12})
    assert (answer.outcome, answer.data) == ("80", {"decision": {"sign_fee": 80}})


def test_results_of_other_decisions_stay() -> None:
    publish_decision(source=SMALL, at=NOW)
    data = ask("sign-fee", sign={"area": 2}, decision={"route": "fast", "sign_fee": 80}).data
    assert data == {"decision": {"route": "fast", "sign_fee": 50}}


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ('"fast track"', "fast track"),
        ("true", "true"),
        ("false", "false"),
        ("5", "5"),
        ("2.5", "2.5"),
        ("null", "done"),
    ],
)
def test_one_value_of_one_rule_is_the_outcome(result: str, outcome: str) -> None:
    publish_decision(source=dmn([column("a")], [column("o")], [("-", result)], key="d"), at=NOW)
    assert ask("d").outcome == outcome


@pytest.mark.parametrize(
    ("source", "result"),
    [
        (dmn([column("a")], [column("o"), column("p")], [("-", "1", "2")], key="d"), {"o": 1, "p": 2}),
        (dmn([column("a")], [column("o")], [("-", '"x"')], "COLLECT", key="d"), ["x"]),
        (dmn([column("a")], [column("o")], [("-", "7")], "COLLECT", "SUM", key="d"), 7),
        (dmn([column("a")], [column("o")], [("-", f"{CEL}[1, 2]")], key="d"), [1, 2]),
    ],
)
def test_anything_else_is_done_and_its_result_is_in_the_data(source: bytes, result: object) -> None:
    publish_decision(source=source, at=NOW)
    answer = ask("d")
    assert (answer.outcome, answer.data) == ("done", {"decision": {"d": result}})


def test_a_task_asks_the_version_that_is_published_then() -> None:
    publish_decision(source=SMALL, at=NOW)
    before = ask("sign-fee", sign={"area": 2}).outcome
    publish_decision(source=fees(("-", "60")), at=NOW)
    assert (before, ask("sign-fee", sign={"area": 2}).outcome) == ("50", "60")


def test_a_task_without_a_decision_or_with_wrong_values_is_a_fault() -> None:
    publish_decision(source=SMALL, at=NOW)
    with pytest.raises(UnknownDecisionError, match="The task ask names no decision"):
        ask("")
    with pytest.raises(UnknownDecisionError):
        ask("nowhere")
    with pytest.raises(DecisionError, match="is not a number"):
        ask("sign-fee", sign={"area": "12"})


def load(*folders: Path) -> str:
    out = StringIO()
    call_command("load_decisions", *map(str, folders), stdout=out)
    return out.getvalue()


def test_a_folder_is_loaded_and_loaded_again(tmp_path: Path) -> None:
    (tmp_path / "b.dmn").write_bytes(SMALL)
    (tmp_path / "a.dmn").write_bytes(fees(("-", "1"), key="other"))
    (tmp_path / "notes.txt").write_text("not a decision")
    assert load(tmp_path) == load(tmp_path) == "a.dmn: version 1\nb.dmn: version 1\n"
    (tmp_path / "b.dmn").write_bytes(fees(("-", "60")))
    assert load(tmp_path) == "a.dmn: version 1\nb.dmn: version 2\n"


def test_the_command_says_which_file_is_refused_and_why(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no \.dmn file"):
        load(tmp_path)
    (tmp_path / "a.dmn").write_bytes(fees(("< 10", "50"), ("> 5", "80")))
    with pytest.raises(CommandError, match=r"a\.dmn: .* r1 and r2 both hit when sign\.area is"):
        load(tmp_path)
    (tmp_path / "a.dmn").write_bytes(b"<definitions/>")
    with pytest.raises(CommandError, match=r"a\.dmn: line 1: file: The file is not DMN 1\.3"):
        load(tmp_path)
