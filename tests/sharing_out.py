"""How `pytest -n` shares the tests out: what carries `xdist_group` stays together on one worker, and comes first.

pytest-xdist 3.8 writes a test's group into its node id, where pytest 9.2 no longer reads it: each journey would get
whichever worker is free, and each worker would start a portal of its own. So the group is read here from the mark at
the head of the test's file. Groups are the long ones: begun first, they leave no worker alone with them at the end.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadGroupScheduling

#: Groups of whole installations, which somebody waits for: a browser, or a test with a time limit.
AGAINST_THE_CLOCK = frozenset({"journeys", "faults"})
_GROUP = re.compile(r"^pytestmark\b.{0,200}?xdist_group\(\"(\w+)\"\)", re.MULTILINE | re.DOTALL)


@cache
def group_of(file: Path) -> str:
    """Return the group that a file of tests names in its `pytestmark`, "" where it names none."""
    found = _GROUP.search(file.read_text(encoding="utf-8"))
    return found[1] if found else ""


class GroupsFirst(LoadGroupScheduling):
    """One unit of work for each group, the largest first; then every other test by itself, in the run's own order."""

    def _split_scope(self, nodeid: str) -> str:
        """Return what the test belongs to: called by xdist for every test, at the beginning of a run."""
        return group_of(self.config.rootpath / nodeid.partition("::")[0]) or super()._split_scope(nodeid)


@cache
def _step_back() -> None:
    """Let this worker have what the others leave of the processors; called again, it does nothing."""
    os.nice(5)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the groups that are against the clock have the processors first where there are several workers."""
    if "PYTEST_XDIST_WORKER" in os.environ and group_of(item.path) not in AGAINST_THE_CLOCK:
        _step_back()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> GroupsFirst | None:
    """Share out by groups where `--dist loadgroup` asks for it; called once, by the process that shares out."""
    return GroupsFirst(config, log) if config.getvalue("dist") == "loadgroup" else None
