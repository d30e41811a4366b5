"""What an event waits for or throws (BPMN 2.0 §10.5, Table 10.93: which triggers stand where)."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.bpmn.document import Element, is_true, local_part, ours, parts_of, stated
from workflows.bpmn.draft import Draft
from workflows.bpmn.timers import TimerError, read_timer
from workflows.engine.graph import Node, NodeKind, Timer, Trigger

_TRIGGERS = {f"{trigger}EventDefinition": trigger for trigger in Trigger if trigger is not Trigger.NONE}
LINK, _CANCEL = "linkEventDefinition", "cancelEventDefinition"
#: What else the flow knows: a condition may come true as a message may come; who cancels a transaction breaks it off.
_FLOW_TRIGGERS = _TRIGGERS | {"conditionalEventDefinition": Trigger.MESSAGE, _CANCEL: Trigger.ERROR}
_LINKED = (NodeKind.CATCH, NodeKind.THROW)
_ENDING = (Trigger.TERMINATE, Trigger.ERROR, Trigger.ESCALATION)
#: The attribute that refers to what is waited for or thrown, and the attribute there by which both sides know it.
_REFERENCES = {
    Trigger.MESSAGE: ("messageRef", "name"),
    Trigger.SIGNAL: ("signalRef", "name"),
    Trigger.ERROR: ("errorRef", "errorCode"),
    Trigger.ESCALATION: ("escalationRef", "escalationCode"),
}
_OUTSIDE = frozenset({Trigger.MESSAGE, Trigger.TIMER, Trigger.SIGNAL})
_CAUGHT = _OUTSIDE | {Trigger.ERROR, Trigger.ESCALATION}
_THROWN = frozenset({Trigger.NONE, Trigger.MESSAGE, Trigger.ESCALATION, Trigger.SIGNAL})
#: What each kind of event is called where it stands, and what may trigger it there.
EVENTS = {
    NodeKind.START: ("the start of a process", _OUTSIDE | {Trigger.NONE}),
    NodeKind.CATCH: ("an intermediate catch event", _OUTSIDE),
    NodeKind.THROW: ("an intermediate throw event", _THROWN),
    NodeKind.BOUNDARY: ("the border of an activity", _CAUGHT),
    NodeKind.END: ("an end event", _THROWN | {Trigger.ERROR, Trigger.TERMINATE}),
}
MAX_REFERENCE = 200


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """What an element says about the event it waits for or throws, in the words of `Node`."""

    trigger: Trigger = Trigger.NONE
    reference: str = ""
    correlation: str = ""
    action: str = ""
    timer: Timer | None = None
    host: str = ""
    interrupting: bool = True


def read_event(draft: Draft, element: Element, kind: NodeKind, around: Node | None) -> Occurrence:
    """Return what an event, or a task that sends or receives, waits for or throws. around: the sub-process."""
    key, reference, timer = stated(element, "id"), "", None
    found = _definitions(draft, element, kind)
    definition = found[0][1] if found else element
    trigger = _trigger(draft, key, kind, [local for local, _ in found], around) if kind in EVENTS else Trigger.NONE
    if kind in (NodeKind.SEND_TASK, NodeKind.RECEIVE_TASK):
        reference = _reference(draft, key, element, Trigger.MESSAGE)
        trigger = Trigger.MESSAGE if kind is NodeKind.RECEIVE_TASK else Trigger.NONE
    elif found and found[0][0] == _CANCEL:
        reference = "cancel"  # a code that only the border of the transaction asks for
    elif trigger in _REFERENCES:
        reference = _reference(draft, key, definition, trigger)
    elif trigger is Trigger.TIMER:
        try:
            timer = read_timer(definition, flow_only=draft.flow_only)
        except TimerError as error:
            draft.refuse(key, str(error))
    host, interrupting = "", True
    if kind is NodeKind.BOUNDARY:
        host, interrupting = local_part(stated(element, "attachedToRef")), is_true(element, "cancelActivity", True)
    elif kind is NodeKind.START and around is not None and around.by_event:
        host, interrupting = around.scope, is_true(element, "isInterrupting", True)
    return Occurrence(
        trigger=trigger,
        reference=reference,
        correlation=ours(element, "correlation") or ours(definition, "correlation"),
        action=ours(element, "action") or ours(definition, "action"),
        timer=timer,
        host=host,
        interrupting=interrupting or trigger is Trigger.ERROR,  # an error always ends its host (§10.5.4)
    )


def _definitions(draft: Draft, element: Element, kind: NodeKind) -> list[tuple[str, Element]]:
    """Return the event definitions of an element.

    Of several in a foreign file one stands for all: what the event throws that ends something, or what may come.
    """
    found = [part for part in parts_of(element) if part[0].endswith("EventDefinition")] if kind in EVENTS else []
    if not draft.flow_only:
        return found
    if kind in _LINKED:
        found = [part for part in found if part[0] != LINK]
    triggers = [_FLOW_TRIGGERS.get(local) for local, _ in found]
    if len(found) < 2 or None in triggers:
        return found
    if kind in (NodeKind.END, NodeKind.THROW):
        told = next((trigger for trigger in _ENDING if trigger in triggers), triggers[0])
        return [found[triggers.index(told)]]
    if set(triggers) <= set(_ENDING):
        return found[:1]
    # Whatever of it comes: nobody knows more of it than of any message.
    return [("conditionalEventDefinition", element)]


def read_link(draft: Draft, element: Element, kind: NodeKind, scope: str) -> bool:
    """Note a link event of a foreign file, and tell whether an element is one (§10.5.1, off-page connectors)."""
    if not draft.flow_only or kind not in _LINKED:
        return False
    links = [part for local, part in parts_of(element) if local == LINK]
    for part in links[:1]:
        key, name = stated(element, "id"), stated(part, "name") or stated(element, "name")
        if kind is NodeKind.THROW:
            draft.thrown_links[key] = (scope, name)
        else:
            draft.caught_links.setdefault((scope, name), []).append(key)
    return bool(links)


def _trigger(draft: Draft, key: str, kind: NodeKind, found: list[str], around: Node | None) -> Trigger:
    place, allowed = EVENTS[kind]
    if kind is NodeKind.START and around is not None:
        place = "the start of an event sub-process" if around.by_event else "the start of a sub-process"
        allowed = _CAUGHT if around.by_event else frozenset({Trigger.NONE})
    known = _FLOW_TRIGGERS if draft.flow_only else _TRIGGERS
    trigger = known.get(found[0]) if found else Trigger.NONE
    if len(found) > 1:
        draft.refuse(key, "has several event definitions: an event has one trigger here", unsupported=True)
    elif trigger is None:
        draft.refuse(key, f"<{found[0]}> inside <{kind}> is not executed here", unsupported=True)
    elif trigger not in allowed:
        draft.refuse(key, f"<{found[0]}> does not belong on {place}" if found else f"{place} needs an event definition")
    else:
        return trigger
    return Trigger.NONE


def _reference(draft: Draft, key: str, element: Element, trigger: Trigger) -> str:
    """Return the name or code that an element refers to, "" if it refers to none."""
    attribute, code = _REFERENCES[trigger]
    written = stated(element, attribute)
    found = draft.document.named(written) if written else None
    if found is None or local_part(found.tag, "}") != trigger:
        if written:
            draft.refuse(key, f"{attribute} names {written}: there is no such {trigger}")
        return written
    name = stated(found, code) or stated(found, "name") or written
    if len(name) > MAX_REFERENCE and not draft.flow_only:
        draft.refuse(key, f"the name of its {trigger} is longer than {MAX_REFERENCE} characters")
    return name
