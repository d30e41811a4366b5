"""Read a document of threshold rules and say everything that is wrong with it, in both languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.clocks.effects import Consequence
from workflows.clocks.lights import Light
from workflows.clocks.rules import KINDS
from workflows.clocks.thresholds import AFTER, BEFORE, DUE, REMAINING, Moment, Threshold

KEYS = frozenset({"code", "kinds", "when", "light", "consequences", "law"})
LIGHTS = ("", Light.YELLOW, Light.RED, Light.BLACK)
#: A timer is named by the code, in a column of this width.
CODE = re.compile(r"[a-z][a-z0-9_]{0,23}")
LONGEST_DAYS = 250

_SENTENCES: dict[str, tuple[str, str]] = {
    "not_a_list": (
        "规则应为列表",
        "The rules must be a list.",
    ),
    "not_a_rule": (
        "规则“{rule}”应由{keys}组成",
        "Rule “{rule}”: it must consist of {keys}.",
    ),
    "code": (
        "规则“{rule}”：代码须以小写字母开头，只含小写字母、数字和下划线，最多24个字符",
        "Rule “{rule}”: the code must be 1 to 24 small letters, digits or underscores and begin with a letter.",
    ),
    "code_twice": (
        "规则代码“{rule}”重复",
        "There are two rules with the code “{rule}”.",
    ),
    "kinds": (
        "规则“{rule}”：请列出至少一种时限",
        "Rule “{rule}”: name at least one kind of time limit.",
    ),
    "kind_unknown": (
        "规则“{rule}”：没有名为“{value}”的时限",
        "Rule “{rule}”: there is no kind of time limit “{value}”.",
    ),
    "kind_twice": (
        "规则“{rule}”：时限“{value}”重复",
        "Rule “{rule}”: the kind “{value}” is named twice.",
    ),
    "when": (
        "规则“{rule}”：时点须为剩余（remaining）、到期（due: 0）、到期后（after）或到期前（before）之一",
        "Rule “{rule}”: the moment must be one of remaining, due (0), after or before.",
    ),
    "amount": (
        "规则“{rule}”：工作日须为1至250的整数，百分比须为1至99的整数",
        "Rule “{rule}”: working days must be a whole number from 1 to 250, a percentage one from 1 to 99.",
    ),
    "light": (
        "规则“{rule}”：灯色须为黄、红、黑或不亮灯",
        "Rule “{rule}”: the light must be yellow, red, black or none.",
    ),
    "yellow_when": (
        "规则“{rule}”：黄灯只能在到期前亮起",
        "Rule “{rule}”: yellow warns before the due instant, never at or after it.",
    ),
    "overdue_when": (
        "规则“{rule}”：红灯和黑灯在到期时亮起，不早不晚",
        "Rule “{rule}”: red and black come on at the due instant, neither before nor after it.",
    ),
    "black_kind": (
        "规则“{rule}”：法定时限到期亮黑灯，其他时限到期亮红灯",
        "Rule “{rule}”: past a statutory limit is black, past any other red.",
    ),
    "light_twice": (
        "时限“{value}”的{light}灯由多条规则点亮：{rule}",
        "More than one rule turns on the {light} light of “{value}”: {rule}.",
    ),
    "law": (
        "规则“{rule}”：law须为true或false",
        "Rule “{rule}”: law must be true or false.",
    ),
    "consequences": (
        "规则“{rule}”：后果须为列表，每项含名称（do）和选项（options）",
        "Rule “{rule}”: the consequences must be a list, each with its name (do) and its options.",
    ),
    "consequence": (
        "规则“{rule}”：{value}",
        "Rule “{rule}”: {value}",
    ),
    "law_changed": (
        "规则“{rule}”由法律规定，不能删除或修改",
        "Rule “{rule}” is made by law: it can be neither removed nor changed.",
    ),
    "law_added": (
        "规则“{rule}”：由法律规定的规则随系统发布，不能在此添加",
        "Rule “{rule}”: rules made by law come with the system and cannot be added here.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong. rule: the rule's code as written. kind: which sentence; values: what it names."""

    kind: str
    rule: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    def sentence(self, language: str) -> str:
        """Return what is wrong, for a person. language: a code such as "zh-hans"; English for any but Chinese."""
        zh, en = _SENTENCES[self.kind]
        return (zh if language.startswith("zh") else en).format(rule=self.rule, **self.values)


class ThresholdRulesError(ValueError):
    """The rules cannot be published. `faults` names every reason at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep the faults; the error itself speaks English."""
        self.faults = list(faults)
        super().__init__(" ".join(self.sentences("en")))

    def sentences(self, language: str) -> list[str]:
        """Return every fault as a sentence."""
        return [fault.sentence(language) for fault in self.faults]


def parse_thresholds(rules: object) -> tuple[Threshold, ...]:
    """Return the thresholds of a document, in its order. Raises ThresholdRulesError with all its faults.

    rules: `[{"code", "kinds", "when", "light", "consequences", "law"}, …]`, see docs/time-limits.md.
    """
    if not isinstance(rules, list):
        raise ThresholdRulesError([Fault(kind="not_a_list")])
    faults = [fault for rule in rules for fault in _faults_of(rule)]
    if not faults:
        thresholds = tuple(map(_threshold, rules))
        faults = list(_faults_together(thresholds))
        if not faults:
            return thresholds
    raise ThresholdRulesError(faults)


def _faults_of(rule: Any) -> Iterator[Fault]:
    code = str(rule.get("code", "")) if isinstance(rule, dict) else str(rule)[:24]
    if not isinstance(rule, dict) or set(rule) != KEYS:
        yield Fault(kind="not_a_rule", rule=code, values={"keys": ", ".join(sorted(KEYS))})
        return
    if not isinstance(rule["code"], str) or not CODE.fullmatch(rule["code"]):
        yield Fault(kind="code", rule=code)
    yield from _faults_of_kinds(rule["kinds"], code)
    wrong = _fault_of_moment(rule["when"])
    if wrong:
        yield Fault(kind=wrong, rule=code)
    if rule["light"] not in LIGHTS:
        yield Fault(kind="light", rule=code)
    elif not wrong and (kind := _fault_of_light(rule)):
        yield Fault(kind=kind, rule=code)
    if not _are_consequences(rule["consequences"]):
        yield Fault(kind="consequences", rule=code)
    if not isinstance(rule["law"], bool):
        yield Fault(kind="law", rule=code)


def _faults_of_kinds(kinds: Any, code: str) -> Iterator[Fault]:
    if not isinstance(kinds, list) or not kinds or not all(isinstance(kind, str) for kind in kinds):
        yield Fault(kind="kinds", rule=code)
        return
    for kind, times in Counter(kinds).items():
        if kind not in KINDS:
            yield Fault(kind="kind_unknown", rule=code, values={"value": kind})
        elif times > 1:
            yield Fault(kind="kind_twice", rule=code, values={"value": kind})


def _fault_of_moment(when: Any) -> str:
    if not isinstance(when, dict) or len(when) != 1:
        return "when"
    ((point, amounts),) = when.items()
    if point == DUE:
        return "" if amounts == 0 and not isinstance(amounts, bool) else "when"
    allowed = {REMAINING: {"percent": 99, "working_days": LONGEST_DAYS}}
    most = allowed.get(point, {"working_days": LONGEST_DAYS} if point in (AFTER, BEFORE) else {})
    if not most or not isinstance(amounts, dict):
        return "when"
    if not amounts or set(amounts) - set(most):
        return "amount"
    return "" if all(_is_whole(amount, most[name]) for name, amount in amounts.items()) else "amount"


def _is_whole(amount: Any, most: int) -> bool:
    return isinstance(amount, int) and not isinstance(amount, bool) and 1 <= amount <= most


def _fault_of_light(rule: Mapping[str, Any]) -> str:
    light, (point,) = rule["light"], rule["when"]
    if light == Light.YELLOW:
        return "" if point in (REMAINING, BEFORE) else "yellow_when"
    if light in (Light.RED, Light.BLACK):
        if point != DUE:
            return "overdue_when"
        kinds = rule["kinds"] if isinstance(rule["kinds"], list) else []
        known = [KINDS[kind] for kind in kinds if isinstance(kind, str) and kind in KINDS]
        if any(kind.statutory != (light == Light.BLACK) for kind in known):
            return "black_kind"
    return ""


def _are_consequences(consequences: Any) -> bool:
    return isinstance(consequences, list) and all(
        isinstance(one, dict)
        and set(one) == {"do", "options"}
        and isinstance(one["do"], str)
        and isinstance(one["options"], dict)
        for one in consequences
    )


def _threshold(rule: Mapping[str, Any]) -> Threshold:
    ((point, amounts),) = rule["when"].items()
    return Threshold(
        code=rule["code"],
        kinds=tuple(rule["kinds"]),
        when=Moment(point=point, **(amounts or {})),
        light=rule["light"],
        consequences=tuple(Consequence(do=one["do"], options=one["options"]) for one in rule["consequences"]),
        law=rule["law"],
    )


def _faults_together(thresholds: Sequence[Threshold]) -> Iterator[Fault]:
    for code, times in Counter(one.code for one in thresholds).items():
        if times > 1:
            yield Fault(kind="code_twice", rule=code)
    lit: dict[tuple[str, str], list[str]] = {}
    for threshold in thresholds:
        for kind in threshold.kinds if threshold.light else ():
            lit.setdefault((kind, threshold.light), []).append(threshold.code)
    for (kind, light), codes in lit.items():
        if len(codes) > 1:
            yield Fault(kind="light_twice", rule=", ".join(codes), values={"value": kind, "light": light})


def faults_of_law(new: Sequence[Threshold], old: Sequence[Threshold]) -> list[Fault]:
    """Return where new rules touch what the law made: such a rule may not be removed, changed or added by a person."""
    given, made = ({one.code: one for one in rules if one.law} for rules in (new, old))
    changed = [Fault(kind="law_changed", rule=code) for code, rule in made.items() if given.get(code) != rule]
    return changed + [Fault(kind="law_added", rule=code) for code in given if code not in made]
