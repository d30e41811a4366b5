"""Who is told of a clock's threshold, read for all clocks of a sweep step at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from services.cases.models import Case
from services.parties.enums import Role
from services.parties.models import Membership
from services.parties.queries import users_behind_each
from services.parties.references import PartyRef, Post
from services.supervision.enums import Recipient
from services.supervision.queries.subjects import Step, Subject
from workflows.clocks.effects import ThresholdReached
from workflows.enums import OPEN_TASK_STATES
from workflows.models import Task
from workflows.queries.keys import among_texts

#: Where the government service administration's managers sit.
OFFICE = "ZWB"
_OF_TASK = ("id", "subject_kind", "subject_id", "department", "role", "assignee_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenTask:
    """A task somebody has to do now. user: who claimed it, None while it waits for its post."""

    task: int
    post: Post
    user: int | None


@dataclass(frozen=True, kw_only=True)
class People:
    """Tasks, posts and parties of one step, as they are at its instant."""

    step: Step
    tasks: Mapping[tuple[str, str], list[OpenTask]]
    holders: Mapping[Post, tuple[int, ...]]
    behind: Mapping[PartyRef, tuple[int, ...]] = field(default_factory=dict)
    acting: Mapping[PartyRef, tuple[int, ...]] = field(default_factory=dict)

    def open_tasks(self, reached: ThresholdReached) -> list[OpenTask]:
        """Return the staff's open tasks of what a clock is about; of all its cases for an application."""
        return self.tasks.get((reached.subject_kind, reached.subject_id), [])

    def told(self, reached: ThresholdReached, to: Iterable[str]) -> dict[int, str]:
        """Return the users whom recipients name, each once, and as which recipient first, in their order."""
        people: dict[int, str] = {}
        for recipient in to:
            for user in self._of(recipient, reached):
                people.setdefault(user, recipient)
        return people

    def _of(self, recipient: str, reached: ThresholdReached) -> Iterable[int]:
        subject = self.step.subject(reached)
        department = reached.department or (subject.department if subject else "")
        match recipient:
            case Recipient.HOLDER:
                return self._at_work(reached) or self.holders.get(Post(department, Role.HEAD), ())
            case Recipient.HEAD:
                return self.holders.get(Post(department, Role.HEAD), ())
            case Recipient.MANAGER:
                return self.holders.get(Post(OFFICE, Role.MANAGER), ())
            case Recipient.LEAD:
                return self.holders.get(Post(subject.lead, Role.HEAD), ()) if subject and subject.lead else ()
            case _:
                return self._applicants(subject) if subject else ()

    def _at_work(self, reached: ThresholdReached) -> list[int]:
        at_work: dict[int, None] = {}
        for task in self.open_tasks(reached):
            at_work |= dict.fromkeys((task.user,) if task.user is not None else self.holders.get(task.post, ()))
        return list(at_work)

    def _applicants(self, subject: Subject) -> list[int]:
        people: dict[int, None] = {}
        for ref in subject.parties:
            people |= dict.fromkeys(self.behind.get(ref, ()))
        acting = {user for ref in subject.parties for user in self.acting.get(ref, ())}
        if subject.filed_by in acting:  # not an agent whose mandate is over
            people.setdefault(subject.filed_by, None)
        return list(people)


def people_of(step: Step, occurrences: Iterable[ThresholdReached], at: datetime, *, applicants: bool = False) -> People:
    """Return who has to do with the clocks of one step, in a constant number of queries.

    applicants: also read who stands behind the applicants.
    """
    reached = list(occurrences)
    tasks = _open_tasks(step, reached)
    posts = {task.post for some in tasks.values() for task in some} | {Post(OFFICE, Role.MANAGER)}
    for one in reached:
        subject = step.subject(one)
        for code in {one.department, subject.department if subject else "", subject.lead if subject else ""} - {""}:
            posts.add(Post(code, Role.HEAD))
    parties = {ref for subject in step.subjects.values() for ref in subject.parties} if applicants else set()
    return People(
        step=step,
        tasks=tasks,
        holders=_holders(posts, at),
        behind=users_behind_each(parties, at) if parties else {},
        acting=users_behind_each(parties, at, scope=None) if parties else {},
    )


def _open_tasks(step: Step, reached: Iterable[ThresholdReached]) -> dict[tuple[str, str], list[OpenTask]]:
    wholes = {int(one.subject_id) for one in reached if one.subject_kind == "application" and step.subject(one)}
    parts = Case.objects.filter(application_id__in=wholes).order_by().values_list("id", "application_id")
    application_of = {str(case): str(application) for case, application in parts} if wholes else {}
    ids = {one.subject_id for one in reached if one.subject_kind == "case"} | application_of.keys()
    about = Q(subject_kind="case", subject_id__in=among_texts(ids))
    if wholes:
        about |= Q(subject_kind="application", subject_id__in=[str(key) for key in wholes])
    rows = Task.objects.filter(about, state__in=OPEN_TASK_STATES).exclude(role="applicant").order_by("id")
    found: dict[tuple[str, str], list[OpenTask]] = defaultdict(list)
    for pk, kind, key, department, role, user in rows.values_list(*_OF_TASK):
        task = OpenTask(task=pk, post=Post(department, role), user=user)
        found[kind, key].append(task)
        if kind == "case" and key in application_of:
            found["application", application_of[key]].append(task)
    return found


def _holders(posts: set[Post], at: datetime) -> dict[Post, tuple[int, ...]]:
    """Return the active users of each post, in one query. A window's clerk holds the post of the hall's department."""
    roles, codes = {post.role for post in posts}, {post.department for post in posts}
    held: Any = Membership.objects.in_force(at).filter(user__is_active=True, role__in=roles)
    held = held.filter(Q(department__code__in=codes) | Q(window__hall__department__code__in=codes)).order_by("user_id")
    found: dict[Post, dict[int, None]] = defaultdict(dict)
    for user, own, hall, role in held.values_list(
        "user_id", "department__code", "window__hall__department__code", "role"
    ):
        found[Post(own or hall, role)][user] = None
    return {post: tuple(users) for post, users in found.items()}
