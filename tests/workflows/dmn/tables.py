"""Decision tables for tests: a few words as a DMN file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from workflows.dmn import Decision, parse_decision
from workflows.dmn.structure import DMN

CEL = "cel: "
"""What begins so is written as CEL, everything else as S-FEEL."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """An input (text: its expression) or an output (text: its name)."""

    text: str
    type: str = ""
    allowed: str = ""
    default: str = ""


def column(text: str, type: str = "", *, allowed: str = "", default: str = "") -> Column:
    return Column(text=text, type=type, allowed=allowed, default=default)


def dmn(
    inputs: Iterable[Column],
    outputs: Iterable[Column],
    rules: Iterable[tuple[str, ...]],
    policy: str = "UNIQUE",
    aggregation: str = "",
    key: str = "probe",
) -> bytes:
    """Return a file; a rule's cells stand in the order of the columns. Ids: i1…, o1…, r1…; rules begin on line 3."""
    inputs, outputs = list(inputs), list(outputs)
    aggregates = f' aggregation="{aggregation}"' if aggregation else ""
    columns = [_input(each, number) for number, each in enumerate(inputs, 1)]
    columns += [_output(each, number) for number, each in enumerate(outputs, 1)]
    lines = [
        f'<definitions xmlns="{DMN}" xmlns:os="urn:one-stop:dmn:1" id="file" name="file" namespace="urn:probe">',
        f'<decision id={quoteattr(key)} name="决策" os:nameEn="Decision">'
        f'<decisionTable id="table" hitPolicy="{policy}"{aggregates}>{"".join(columns)}',
        *(_rule(cells, number, len(inputs)) for number, cells in enumerate(rules, 1)),
        "</decisionTable></decision></definitions>",
    ]
    return "\n".join(lines).encode()


def read(
    inputs: Iterable[Column],
    outputs: Iterable[Column],
    rules: Iterable[tuple[str, ...]],
    policy: str = "UNIQUE",
    aggregation: str = "",
) -> Decision:
    return parse_decision(dmn(inputs, outputs, rules, policy, aggregation))


def _input(each: Column, number: int) -> str:
    return (
        f'<input id="i{number}">{_said("inputExpression", each.text, each.type)}{_said("inputValues", each.allowed)}'
        "</input>"
    )


def _output(each: Column, number: int) -> str:
    kind = f" typeRef={quoteattr(each.type)}" if each.type else ""
    values = _said("outputValues", each.allowed) + _said("defaultOutputEntry", each.default)
    return f'<output id="o{number}" name={quoteattr(each.text)}{kind}>{values}</output>'


def _rule(cells: tuple[str, ...], number: int, inputs: int) -> str:
    asked = "".join(_said("inputEntry", cell) or "<inputEntry><text/></inputEntry>" for cell in cells[:inputs])
    given = "".join(_said("outputEntry", cell) or "<outputEntry><text/></outputEntry>" for cell in cells[inputs:])
    return f'<rule id="r{number}">{asked}{given}</rule>'


def _said(element: str, text: str, kind: str = "") -> str:
    if not text:
        return ""
    language = ' expressionLanguage="https://cel.dev"' if text.startswith(CEL) else ""
    typed = f" typeRef={quoteattr(kind)}" if kind else ""
    return f"<{element}{language}{typed}><text>{escape(text.removeprefix(CEL))}</text></{element}>"
