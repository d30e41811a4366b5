"""The drawings that are measured, as BPMN files: five departments in parallel, and a large process."""

from __future__ import annotations

from itertools import count

DEPARTMENTS = ("SCJG", "XF", "CG", "WSJK", "STHJ")
APPROVER = ("ZWB", "approver")
LIMIT_DAYS = {"review": 5, "approve": 3}
KEY = "five-departments"
OUTCOMES = ("agree", "refuse")


def five_departments() -> bytes:
    """Return the process of the engine's figures: five limited tasks in parallel, a join, one more task, the end."""
    page = _Page()
    page.add('<startEvent id="start"/>', '<parallelGateway id="split"/>', '<parallelGateway id="join"/>')
    page.link("start", "split")
    for department in DEPARTMENTS:
        node = f"review_{department}"
        page.limited_task(node, department, "handler", LIMIT_DAYS["review"])
        page.link("split", node)
        page.link(node, "join")
    page.limited_task("approve", *APPROVER, LIMIT_DAYS["approve"])
    page.add('<endEvent id="end" os:outcome="granted"/>')
    page.link("join", "approve")
    page.link("approve", "end")
    return page.file(KEY)


def large(elements: int = 200) -> bytes:
    """Return a sound process of at least so many elements, flows included: stages of branches, choices and tasks."""
    page = _Page()
    page.add('<startEvent id="start"/>')
    last, number = "start", 0
    while len(page.elements) < elements - 3:
        number += 1
        last = page.parallel_stage(number, last) if number % 2 else page.choosing_stage(number, last)
    page.add('<endEvent id="end"/>')
    page.link(last, "end")
    return page.file("large")


class _Page:
    """Collects elements and flows."""

    def __init__(self) -> None:
        self.elements: list[str] = []
        self._flows = count(1)

    def add(self, *elements: str) -> None:
        self.elements += elements

    def link(self, source: str, target: str, condition: str = "") -> str:
        key = f"f{next(self._flows)}"
        asked = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        self.add(f'<sequenceFlow id="{key}" sourceRef="{source}" targetRef="{target}">{asked}</sequenceFlow>')
        return key

    def task(self, key: str, department: str, role: str = "handler", limit: str = "") -> None:
        self.add(
            f'<userTask id="{key}" name="{department} 审查" os:nameEn="Review by {department}"'
            f' os:department="{department}" os:role="{role}" os:outcomes="{" ".join(OUTCOMES)}"{limit}/>'
        )

    def limited_task(self, key: str, department: str, role: str, days: int) -> None:
        """Add a task with a time limit of working days: a timer that is due with it."""
        self.task(key, department, role, f' os:limit="{days}" os:limitUnit="working_days"')

    def parallel_stage(self, number: int, last: str) -> str:
        """Add three branches of two tasks; return the element they meet at."""
        split, join = f"split{number}", f"join{number}"
        self.add(f'<parallelGateway id="{split}"/>', f'<parallelGateway id="{join}"/>')
        self.link(last, split)
        for department in DEPARTMENTS[:3]:
            first, second = f"handle{number}_{department}", f"check{number}_{department}"
            self.task(first, department)
            self.task(second, department, "checker")
            self.link(split, first)
            self.link(first, second)
            self.link(second, join)
        return join

    def choosing_stage(self, number: int, last: str) -> str:
        """Add a task, and a choice by its answer between two tasks; return the element they meet at."""
        asked, choice, merge = f"ask{number}", f"choice{number}", f"merge{number}"
        yes, no = f"yes{number}", f"no{number}"
        for key in (asked, yes, no):
            self.task(key, DEPARTMENTS[number % len(DEPARTMENTS)])
        self.link(last, asked)
        self.link(asked, choice)
        self.link(choice, yes, f"outcome.{asked} == 'agree'")
        default = self.link(choice, no)
        self.add(f'<exclusiveGateway id="{choice}" default="{default}"/>', f'<exclusiveGateway id="{merge}"/>')
        self.link(yes, merge)
        self.link(no, merge)
        return merge

    def file(self, key: str) -> bytes:
        return (
            '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:os="urn:one-stop:bpmn:1">\n'
            f'<process id="{key}" name="五部门并联" os:nameEn="Five departments" isExecutable="true">\n'
            + "\n".join(self.elements)
            + "\n</process>\n</definitions>"
        ).encode()
