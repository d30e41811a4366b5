"""Event logs in plain Python: read XES and CSV, count, write XES and OCEL 2.0."""

from workflows.eventlog.columns import Columns
from workflows.eventlog.errors import Problem, UnreadableLogError
from workflows.eventlog.log import Event, Head, Log, Trace
from workflows.eventlog.reading import LogReader, read_log, reader_of
from workflows.eventlog.statistics import Tally, figures_of

__all__ = [
    "Columns",
    "Event",
    "Head",
    "Log",
    "LogReader",
    "Problem",
    "Tally",
    "Trace",
    "UnreadableLogError",
    "figures_of",
    "read_log",
    "reader_of",
]
