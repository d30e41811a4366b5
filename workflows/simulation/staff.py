"""Queues before people: whoever of a post is free takes the task that is due first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from workflows.simulation.course import Visit

_NEVER = 1 << 60


@dataclass(slots=True)
class Queue:
    """The people of a post, each at one task at a time, and what waits for them: first due, first served.

    busy: working seconds that they worked.
    """

    people: int
    free: int
    waiting: list[tuple[int, int, int, Visit]] = field(default_factory=list)
    busy: int = 0

    def put(self, visit: Visit, number: int) -> None:
        """Let a task wait. number: of equally urgent tasks that opened at the same instant the smaller one is first."""
        due = _NEVER if visit.due is None else visit.due
        heapq.heappush(self.waiting, (due, visit.opened, number, visit))

    def taken_up(self) -> Iterator[Visit]:
        """Yield tasks that somebody free takes up now; those taken away meanwhile are dropped."""
        while self.free and self.waiting:
            visit = heapq.heappop(self.waiting)[-1]
            if visit.is_open:
                self.free -= 1
                yield visit

    def let_go(self, worked: int) -> None:
        """Let somebody be free again who worked so many seconds."""
        self.free += 1
        self.busy += worked


class Staff:
    """The queues of all posts that have a limited number of people."""

    def __init__(self, people: Mapping[str, int]) -> None:
        """people: by department (any role), or by `department/role`, which then has people of its own."""
        self.queues = {post: Queue(people=number, free=number) for post, number in people.items()}

    def queue_for(self, department: str, role: str) -> Queue | None:
        """Return the queue of a post; None where there is somebody for every task."""
        return self.queues.get(f"{department}/{role}") or self.queues.get(department)
