"""Let cases run through the engine on a virtual clock: discrete events, one heap of instants for all of them.

`advance` alone moves tokens; here is only what comes from outside: people, workers, senders, and time. Next-event time
advance as in Law, Simulation Modeling and Analysis, section 1.3.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from workflows.clocks import OutsideCalendarError
from workflows.engine import events
from workflows.engine.advance import EngineError, advance
from workflows.engine.graph import NodeKind, Timer, Trigger
from workflows.expressions import ExpressionError
from workflows.simulation.assumptions import APPLICANT_ROLE
from workflows.simulation.chance import mixed, number_of
from workflows.simulation.course import ComingCase, Course, Outcome, Scenario, Step, Visit
from workflows.simulation.recorded import FAILED, RETURNED, Observation
from workflows.simulation.running import Run, RunningCase
from workflows.simulation.staff import Queue, Staff
from workflows.simulation.world import Answer, World, way_back

#: A case with more events than this goes round without end.
MOST_EVENTS = 5_000
#: A process may call a process, but not itself without end; the same bound as for live runs.
MAX_CALLS = 8
#: At one instant: what is done is done in time, then timers fire, then cases are ended from outside. Seconds are the
#: smallest instants, here and in recordings: who was first within one is not known, and decided so.
_DONE, _FIRES, _ENDS = 0, 1, 2
_ON_BORDERS = frozenset({NodeKind.BOUNDARY, NodeKind.START})
_JOIN = "&"


def simulate(scenario: Scenario) -> Outcome:
    """Return what becomes of the cases of a scenario. Nothing outside is read or written."""
    return _Simulation(scenario).run()


class _Simulation:
    """The virtual clock (`now`), what is to come (`heap`), what is just happening (`happening`).

    held: of tasks for which there is a queue, the queue and what ends them. to_serve: queues in which something moved.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.axis = scenario, scenario.axis
        self.world = World(per_day=scenario.axis.per_day, assumptions=scenario.assumptions, history=scenario.history)
        self.staff = Staff(scenario.assumptions.staff)
        self.heap: list[tuple[int, int, int, int, Run, events.Event, Visit | None]] = []
        self.happening: deque[tuple[Run, events.Event, str]] = deque()
        self.count = self.now = 0
        self.steps: dict[str, Step] = {}
        self.held: dict[Visit, tuple[Queue, Run, events.Event]] = {}
        self.to_serve: dict[int, Queue] = {}

    def run(self) -> Outcome:
        cases = [self._file(case) for case in self.scenario.cases]
        while self.heap:
            self.now, _, _, _, run, event, visit = heapq.heappop(self.heap)
            if not run.case.is_over and self._still_comes(run, event, visit):
                self._happen(run, event)
            if self.to_serve and not (self.heap and self.heap[0][0] == self.now):
                self._serve()
        for case in cases:
            if not case.is_over:
                self._give_up(case, case.waits_for())
        busy = {post: queue.busy for post, queue in self.staff.queues.items()}
        return Outcome(courses=tuple(case.course for case in cases), steps=self.steps, busy=busy)

    def _file(self, coming: ComingCase) -> RunningCase:
        case = RunningCase(Course(name=coming.name, began=coming.begins))
        luck = mixed(self.scenario.seed, number_of(coming.name))
        run = Run(case, self.scenario.graph, coming.data, luck=luck, recording=coming.recording)
        self._at(coming.begins, _DONE, run, events.Started())
        return case

    def _at(
        self, second: int, rank: int, run: Run, event: events.Event, visit: Visit | None = None, order: int = 0
    ) -> None:
        """Let an event come. rank, order: what is first of all that comes in the same second."""
        if second >= self.axis.end:
            raise OutsideCalendarError(f"The case lasts longer than the calendar, to {self.axis.calendar.last_year}.")
        self.count += 1
        heapq.heappush(self.heap, (second, rank, order, self.count, run, event, visit))

    def _still_comes(self, run: Run, event: events.Event, visit: Visit | None) -> bool:
        """Tell whether what was to come is still waited for."""
        if visit is not None and not visit.is_open:
            return False
        if not isinstance(event, events.Triggered):
            return True
        if event.fired is None:
            return (event.node, event.round) in run.listening
        return (event.node, event.round, event.fired) in run.timers

    # Events and what follows from them

    def _happen(self, run: Run, event: events.Event) -> None:
        """Let one event happen, and all that follows at the same instant."""
        try:
            self.happening.append((run, event, self._step_of(run, event)))
            while self.happening:
                self._advance(*self.happening.popleft())
        except (EngineError, ExpressionError, OutsideCalendarError) as error:
            self.happening.clear()
            self._give_up(run.case, str(error))

    def _step_of(self, run: Run, event: events.Event) -> str:
        """Close the step that ends by an event, and return it."""
        match event:
            case events.Started():
                self._begin(run)
            case events.Triggered():
                return self._heard(run, event)
            case events.Completed() | events.Failed() | events.Returned():
                return self._close(run, (event.node, event.round)).step
        return ""

    def _advance(self, run: Run, event: events.Event, step: str) -> None:
        run.case.events += 1
        if run.case.events > MOST_EVENTS:
            raise EngineError(f"The case goes round without end: it had {MOST_EVENTS} events.")
        run.state, effects = advance(run.graph, run.state, event)
        for effect in effects:
            if isinstance(effect, events.JoinFired):
                # Which branch came last is a race, not a path.
                step = _JOIN
            else:
                _EFFECTS[type(effect)](self, run, effect, step)

    def _begin(self, run: Run) -> None:
        """Let a run that lives through a recording end from outside when the recorded one did."""
        if run.recording is not None and run.recording.ended_from_outside is not None:
            end = run.recording.ended_from_outside
            self._at(self._end(end), _ENDS, run, events.Cancelled(outcome=end.outcome))

    def _heard(self, run: Run, event: events.Triggered) -> str:
        """Take note that a timer fired or a message came, and return the step that it is."""
        place, node = (event.node, event.round), run.graph.nodes[event.node]
        if event.fired is not None:
            run.timers.discard((*place, event.fired))
        else:
            run.listening.pop(place, None)
        if node.kind in _ON_BORDERS:
            visit = self._visit(run, node.id, node.host and run.prefix + node.host)
            self._end_visit(visit)
            return visit.step
        return self._close(run, place).step if place in run.open else ""

    # Steps

    def _visit(self, run: Run, node: str, after: str) -> Visit:
        name = run.prefix + node
        step = self.steps.get(name)
        if step is None:
            above = self.steps[run.prefix[:-1]].place if run.prefix else ()
            step = Step(name=name, node=run.graph.nodes[node], place=(*above, list(run.graph.nodes).index(node)))
            self.steps[name] = step
        visit = Visit(step=name, node=step.node, opened=self.now, after=after)
        run.case.course.visits.append(visit)
        return visit

    def _open(self, run: Run, effect: Any, after: str) -> tuple[Visit, Answer]:
        """Open a step and learn from the world how it will end."""
        visit = run.open[effect.node, effect.round] = self._visit(run, effect.node, after)
        return visit, self._answer(run, effect)

    def _answer(self, run: Run, effect: Any) -> Answer:
        number, luck = run.next_of(effect.node)
        node = run.graph.nodes[effect.node]
        return self.world.answer(run.graph, node, run.recorded(effect.node, number), luck)

    def _close(self, run: Run, place: tuple[str, int], *, taken_away: bool = False) -> Visit:
        visit = run.open.pop(place)
        self._end_visit(visit)
        visit.taken_away = taken_away
        if visit in self.held:
            queue = self.held.pop(visit)[0]
            if visit.taken_up is None:
                visit.handled = 0
            else:
                visit.handled = self.axis.worked(self.now) - self.axis.worked(visit.taken_up)
                queue.let_go(visit.handled)
                self.to_serve[id(queue)] = queue
        elif taken_away:
            visit.handled = min(visit.handled, self.axis.worked(self.now) - self.axis.worked(visit.opened))
        return visit

    def _end_visit(self, visit: Visit) -> None:
        self.count += 1
        visit.closed, visit.ended_as = self.now, self.count

    def _open_task(self, run: Run, effect: events.TaskOpened, after: str) -> None:
        visit, answer = self._open(run, effect, after)
        visit.department, visit.role = effect.department, effect.role
        visit.outcome, visit.handled = answer.outcome, answer.handled
        if visit.node.limit is not None:
            visit.due = self.axis.end_of(visit.node.limit, self.now)
        ending = _ending(run, effect, answer)
        queue = self.staff.queue_for(effect.department, effect.role) if effect.role != APPLICANT_ROLE else None
        if queue is None:
            visit.taken_up = self.now
            self._at(self._end(answer), _DONE, run, ending, visit, answer.order)
            return
        self.held[visit] = (queue, run, ending)
        self.count += 1
        queue.put(visit, self.count)
        self.to_serve[id(queue)] = queue

    def _serve(self) -> None:
        """Let people take up what waits, at the end of an instant: what opened last may be what presses most."""
        queues, self.to_serve = self.to_serve, {}
        for queue in queues.values():
            for visit in queue.taken_up():
                visit.taken_up = self.now
                _, run, ending = self.held[visit]
                try:
                    self._at(self.axis.after(self.now, visit.handled), _DONE, run, ending, visit)
                except OutsideCalendarError as error:
                    self._give_up(run.case, str(error))

    def _end(self, answer: Answer | Observation) -> int:
        if answer.by_the_wall:
            return self.now + answer.seconds
        worked = self.axis.after(self.now, answer.seconds)
        late = worked + answer.tail
        # Done in the evening, as recorded: but not so late, by a step begun at another time, that the next day counts.
        return late if self.axis.worked(late) == self.axis.worked(worked) else worked

    def _queue_job(self, run: Run, effect: events.JobQueued, after: str) -> None:
        visit, answer = self._open(run, effect, after)
        visit.outcome = answer.outcome
        self._at(self._end(answer), _DONE, run, _ending(run, effect, answer), visit, answer.order)

    def _call(self, run: Run, effect: events.ChildCalled, after: str) -> None:
        """Start the called process as a run of the same case; one that is not known takes its time as a whole."""
        visit, answer = self._open(run, effect, after)
        part = run.state.data.get("parts", {}).get(effect.part, {}) if effect.part else {}
        graph = self.scenario.called(part.get("process") or effect.called)
        if graph is None:
            visit.outcome = answer.outcome
            self._at(self._end(answer), _DONE, run, _ending(run, effect, answer), visit, answer.order)
            return
        if run.depth >= MAX_CALLS:
            raise EngineError(f"{visit.step}: processes call each other more than {MAX_CALLS} deep.")
        number = run.opened[effect.node] - 1
        child = Run(
            run.case,
            graph,
            {"answers": run.state.data.get("answers", {}), **part.get("data", {})},
            luck=mixed(run.luck, number_of(effect.node), number),
            recording=run.recorded_call(effect.node, number),
            above=(run, (effect.node, effect.round)),
        )
        self._begin(child)
        self.happening.append((child, events.Started(), ""))

    # Events that listen

    def _set_timer(self, run: Run, effect: events.TimerSet, after: str) -> None:
        if run.graph.nodes[effect.node].kind is NodeKind.CATCH:
            run.open[effect.node, effect.round] = self._visit(run, effect.node, after)
        run.timers.add((effect.node, effect.round, effect.fired))
        fires = events.Triggered(node=effect.node, round=effect.round, fired=effect.fired)
        self._at(self._due(effect.timer), _FIRES, run, fires)

    def _due(self, timer: Timer) -> int:
        if timer.span is not None:
            return self.axis.end_of(timer.span, self.now)
        try:
            instant = datetime.fromisoformat(timer.date)
        except ValueError:
            raise EngineError(f"{timer.date!r} is no instant such as 2026-10-01T09:00:00+08:00.") from None
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=self.axis.calendar.zone)
        return max(self.now, self.axis.second(instant))

    def _listen(self, run: Run, effect: events.Subscribed, after: str) -> None:
        place = (effect.node, effect.round)
        if run.graph.nodes[effect.node].kind in _ON_BORDERS:
            answer = self._answer(run, effect)
        else:
            _, answer = self._open(run, effect, after)
        run.listening[place] = effect
        if self._is_sent(run.case, effect):
            self._at(self.now, _DONE, run, _heard_by(run, place))
        elif answer.comes:
            self._at(self._end(answer), _DONE, run, _heard_by(run, place), order=answer.order)

    def _is_sent(self, case: RunningCase, waits: events.Subscribed) -> bool:
        """Tell whether the case itself sent a message before somebody waited; it is used up by that."""
        for sent in case.sent:
            if waits.trigger is Trigger.MESSAGE and waits.name == sent[0] and waits.key in ("", sent[1]):
                case.sent.remove(sent)
                return True
        return False

    def _throw(self, run: Run, effect: events.Thrown, after: str) -> None:
        if effect.trigger is Trigger.ESCALATION:
            if run.above is not None:
                node, number = run.above[1]
                self.happening.append(
                    (run.above[0], events.Escalated(node=node, round=number, code=effect.name), after)
                )
            return
        found = list(run.case.listeners(effect.trigger, effect.name, effect.key))
        one = effect.trigger is Trigger.MESSAGE
        for listener, place in found[: 1 if one else None]:
            self._at(self.now, _DONE, listener, _heard_by(listener, place))
        if one and not found:
            run.case.sent.append((effect.name, effect.key))

    def _disarm(self, run: Run, effect: events.Disarmed, after: str) -> None:
        place = (effect.node, effect.round)
        run.listening.pop(place, None)
        run.timers = {timer for timer in run.timers if timer[:2] != place}
        if place in run.open:
            self._close(run, place, taken_away=True)

    # Ends

    def _take_away(self, run: Run, effect: events.ActivityCancelled, after: str) -> None:
        place = (effect.node, effect.round)
        if place in run.open:
            self._close(run, place, taken_away=True)
        for child in run.case.runs:
            if child.above == (run, place) and not child.state.ended:
                self.happening.append((child, events.Cancelled(outcome="cancelled"), after))

    def _end_run(self, run: Run, effect: events.RunEnded, after: str) -> None:
        course = run.case.course
        if run.above is None:
            if effect.error:
                raise EngineError(f"Nothing listens for the error {effect.error}.")
            course.ended, course.outcome = self.now, effect.outcome
            return
        above, place = run.above
        if place in above.open:
            self._close(above, place).outcome = effect.outcome
        where: dict[str, Any] = {"node": place[0], "round": place[1]}
        ended: events.Event = events.Completed(**where, outcome=effect.outcome)
        if effect.error:
            ended = events.Failed(**where, code=effect.error)
        self.happening.append((above, ended, above.prefix + place[0]))

    def _give_up(self, case: RunningCase, reason: str) -> None:
        """Leave a case as it stands; whoever is at one of its tasks is free for others."""
        case.course.stuck = reason
        for run in case.runs:
            for place in list(run.open):
                self._close(run, place, taken_away=True)


def _ending(run: Run, effect: Any, answer: Answer) -> events.Event:
    """Return how a step ends: done, failed with a BPMN error, or sent back."""
    where: dict[str, Any] = {"node": effect.node, "round": effect.round}
    if answer.outcome.startswith(FAILED):
        return events.Failed(**where, code=answer.outcome.removeprefix(FAILED))
    if answer.outcome.startswith(RETURNED):
        flow = way_back(run.graph, run.graph.nodes[effect.node], answer.outcome)
        if flow is not None:
            return events.Returned(**where, flow=flow)
    learned = run.recording.learned if run.recording is not None and isinstance(effect, events.JobQueued) else {}
    return events.Completed(**where, outcome=answer.outcome, data=learned)


def _heard_by(run: Run, place: tuple[str, int]) -> events.Triggered:
    learned = run.recording.learned if run.recording is not None else {}
    return events.Triggered(node=place[0], round=place[1], data=learned)


_EFFECTS: dict[type[events.Effect], Callable[[_Simulation, Run, Any, str], None]] = {
    events.TaskOpened: _Simulation._open_task,
    events.JobQueued: _Simulation._queue_job,
    events.ChildCalled: _Simulation._call,
    events.TimerSet: _Simulation._set_timer,
    events.Subscribed: _Simulation._listen,
    events.Disarmed: _Simulation._disarm,
    events.ActivityCancelled: _Simulation._take_away,
    events.Thrown: _Simulation._throw,
    events.RunEnded: _Simulation._end_run,
}
