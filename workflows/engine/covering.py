"""Do some conditions cover every case, so that one of them must hold whatever the data?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lark import Token, Tree

from workflows.engine.graph import Graph, Node
from workflows.engine.reach import reached
from workflows.expressions import ExpressionError
from workflows.expressions.grammar import parse

#: A condition in one form for all ways of writing it: an operator and what it joins, or a word.
Term = tuple[Any, ...]

_RELATIONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "in": "in"}
_FLIPPED = {">": "<", ">=": "<="}
_DUAL = {"==": "!=", "!=": "==", "||": "&&", "&&": "||"}
_TRUE: Term = ("BOOL_LIT", "true")


@dataclass(slots=True)
class Covering:
    """Whether the conditions cover every case, and if not what was nearly enough, in sentences."""

    complete: bool = False
    doubts: list[str] = field(default_factory=list)


def covering(graph: Graph, node: Node, conditions: Iterable[str]) -> Covering:
    """Return whether one of the conditions on a node's outgoing flows must hold.

    So it is where both something and its contrary are asked for, or every answer of a task that certainly answered. A
    comparison of order with a value that is missing is false, and so is its contrary: such a pair covers nothing.
    """
    asked: set[Term] = set()
    for condition in conditions:
        term = _term(condition)
        asked |= {term, *(term[1] if term[0] == "||" else ())}
    found = Covering(complete=_TRUE in asked or any(_negated(term) in asked for term in asked))
    if any(term[0] == "<" and ("<=", term[2], term[1]) in asked for term in asked):
        found.doubts.append("Neither of two comparisons such as < and >= holds for a value that is missing.")
    for task in _answered(graph, asked):
        if _has_answered(graph, task, node):
            found.complete = True
        else:
            found.doubts.append(f"{task.id} may not have been answered when the process comes here.")
    return found


def answers_named(condition: str) -> set[tuple[str, str]]:
    """Return the tasks whose answer a condition compares with a text, each with that text."""
    found, ahead = set(), [_term(condition)]
    while ahead:
        term = ahead.pop()
        found |= set(_answers(term))
        for part in term[1:]:
            ahead += part if isinstance(part, frozenset) else [part] if isinstance(part, tuple) else []
    return found


def _answers(term: Term) -> Iterator[tuple[str, str]]:
    for one, other in [term[1:], term[:0:-1]] if term[0] in ("==", "!=") else []:
        if one[0] == "." and one[1] == ("ident", "outcome") and other[0] == "text":
            yield one[2], other[1]


def _answered(graph: Graph, asked: set[Term]) -> Iterator[Node]:
    """Yield the tasks of which every answer is asked for."""
    answers: dict[str, set[str]] = {}
    for name, answer in (found for term in asked if term[0] == "==" for found in _answers(term)):
        answers.setdefault(name, set()).add(answer)
    for name, given in answers.items():
        task = graph.nodes.get(name)
        if task is not None and task.outcomes and set(task.outcomes) <= given:
            yield task


def _has_answered(graph: Graph, task: Node, node: Node) -> bool:
    """Tell whether a token comes to a node only after a task was completed, not merely left by its border."""
    if task.loop is not None:
        return False  # perhaps no time at all
    if node.incoming and set(node.incoming) <= set(task.outgoing):
        return True  # by far the most drawings need no search
    return task.id == node.id or node.id not in reached(graph, [one.id for one in graph.starts()], unanswered={task.id})


# --- one form for all ways of writing


def _term(text: str) -> Term:
    try:
        return _form(parse(text))
    except (ExpressionError, RecursionError):
        return ("unread", text.strip())


def _form(part: Tree[Token] | Token) -> Term:
    if isinstance(part, Token):
        return _word(part)
    parts = part.children
    if part.data == "unary" and len(parts) == 2:
        inner = _form(parts[1])
        return _negated(inner) if _is(parts[0], "unary_not") else ("-", inner)
    if part.data in ("conditionalor", "conditionaland") and len(parts) == 2:
        return _joined("||" if part.data == "conditionalor" else "&&", map(_form, parts))
    if part.data == "relation" and len(parts) == 2 and isinstance(parts[0], Tree):
        operator = _RELATIONS[str(parts[0].data).removeprefix("relation_")]
        return _relation(operator, _form(parts[0].children[0]), _form(parts[1]))
    if part.data == "member_dot":
        return (".", _form(parts[0]), str(parts[1]))
    if part.data == "ident":
        return ("ident", str(parts[0]))
    if len(parts) == 1 and not str(part.data).startswith(("addition_", "multiplication_", "ident_", "member_", "dot_")):
        return _form(parts[0])
    return (str(part.data), *map(_form, parts))


def _is(part: Tree[Token] | Token, name: str) -> bool:
    return isinstance(part, Tree) and part.data == name


def _word(token: Token) -> Term:
    text = str(token)
    if token.type == "STRING_LIT" and text[0] in "'\"" and "\\" not in text:
        return ("text", text.strip(text[0]))
    return (token.type, text)


def _relation(operator: str, one: Term, other: Term) -> Term:
    if operator in ("==", "!="):
        # Beside true a value that is missing counts as false, as it does alone.
        if _TRUE in (one, other):
            value = other if one == _TRUE else one
            return value if operator == "==" else _negated(value)
        one, other = sorted((one, other), key=repr)
    return (_FLIPPED[operator], other, one) if operator in _FLIPPED else (operator, one, other)


def _joined(operator: str, terms: Iterable[Term]) -> Term:
    inside = frozenset(one for term in terms for one in (term[1] if term[0] == operator else (term,)))
    return (operator, inside) if len(inside) > 1 else next(iter(inside))


def _negated(term: Term) -> Term:
    """Return the exact contrary, also for values that are missing: so < does not become >=."""
    if term[0] in ("||", "&&"):
        return _joined(_DUAL[term[0]], map(_negated, term[1]))
    if term[0] in ("==", "!="):
        return (_DUAL[term[0]], *term[1:])
    return term[1] if term[0] == "!" else ("!", term)
