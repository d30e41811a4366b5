"""How often an activity is carried out (BPMN 2.0 §13.3.6-7)."""

from __future__ import annotations

import re

from workflows.bpmn.document import BPMN, Element, is_true, ours, parts_of, stated, text_of
from workflows.bpmn.draft import Draft
from workflows.engine.graph import Loop

LOOPS = frozenset({"multiInstanceLoopCharacteristics", "standardLoopCharacteristics"})
_NAME = re.compile(r"[A-Za-z_]\w{0,79}", re.ASCII)
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
#: What the engine itself keeps under these names must stay readable.
_KEPT = frozenset({"outcome", "outcomes", "instances", "answers", "parts", "decision"})
_COUNT = re.compile(r"\d{1,3}", re.ASCII)


def read_loop(draft: Draft, element: Element) -> Loop | None:
    """Return the loop or the multiple instances of an activity, None if it is carried out once."""
    key = stated(element, "id")
    found = [(local, part) for local, part in parts_of(element) if local in LOOPS]
    if len(found) > 1:
        draft.refuse(key, "loops in more than one way")
    for local, part in found:
        return _instances(draft, key, part) if local.startswith("multi") else _standard(draft, key, part)
    return None


def _instances(draft: Draft, key: str, part: Element) -> Loop:
    item = part.find(f"{{{BPMN}}}inputDataItem")
    loop = Loop(
        kind="sequential" if is_true(part, "isSequential") else "parallel",
        cardinality=text_of(part, "loopCardinality") or "",
        collection=ours(part, "collection") or text_of(part, "loopDataInputRef") or "",
        item=ours(part, "item") or (stated(item, "name") if item is not None else "") or "item",
        completion=text_of(part, "completionCondition") or "",
    )
    if stated(part, "behavior") not in {"", "All"} or text_of(part, "complexBehaviorDefinition") is not None:
        draft.refuse(key, "instances that throw events of their own are not executed here", unsupported=True)
    if loop.completion:
        draft.refuse_expression(key, "its completion condition", loop.completion)
    number, many = loop.cardinality, loop.collection
    faults = {
        "multiple instances need either a cardinality or a collection": bool(number) == bool(many),
        "the cardinality must be a whole number up to 999 or a path such as case.departments": (
            number and not _COUNT.fullmatch(number) and not _PATH.fullmatch(number)
        ),
        "the collection must be a path such as case.departments": many and not _PATH.fullmatch(many),
        f"an entry of the collection cannot be called {loop.item}": loop.item in _KEPT
        or not _NAME.fullmatch(loop.item),
    }
    for reason, wrong in faults.items():
        if wrong and not draft.flow_only:
            draft.refuse(key, reason)
    return loop


def _standard(draft: Draft, key: str, part: Element) -> Loop:
    condition, maximum = text_of(part, "loopCondition") or "", stated(part, "loopMaximum") or "0"
    draft.refuse_expression(key, "its loop condition", condition)
    if not _COUNT.fullmatch(maximum):
        draft.refuse(key, "loopMaximum must be a whole number up to 999")
        maximum = "0"
    return Loop(kind="standard", condition=condition, first=is_true(part, "testBefore"), maximum=int(maximum))
