"""Which column of a file means what."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.eventlog.log import GROUP, NAME, RESOURCE, TIME

#: Columns of a CSV file that begin so say something about the whole case (as the best-known tools write it).
CASE_PREFIX = "case:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a CSV file, or the keys of an XES file, that figures are made of.

    Those about the case may be named with or without `case:`; in XES they are keys of the trace. case, activity, time
    and resource are about identity and events; deadline, start and end are instants of the case; channel, department
    and group (of the case) are counted; event_group is counted where it says that it is empty.
    """

    case: str = CASE_PREFIX + NAME
    activity: str = NAME
    time: str = TIME
    resource: str = RESOURCE
    deadline: str = "case:deadline"
    start: str = "case:startdate"
    end: str = "case:enddate"
    channel: str = "case:channel"
    department: str = "case:department"
    group: str = "case:group"
    event_group: str = GROUP

    @property
    def instants(self) -> frozenset[str]:
        """Keys of the case that are instants."""
        return frozenset(map(case_key, (self.deadline, self.start, self.end)))

    @property
    def of_case(self) -> frozenset[str]:
        """Columns that say something about the case, whatever they are called."""
        return frozenset((self.deadline, self.start, self.end, self.channel, self.department, self.group))


def case_key(column: str) -> str:
    """Return the key under which a case keeps what a column says: the name without `case:`."""
    return column.removeprefix(CASE_PREFIX)
