"""Lists of items (目录清单) that departments keep as CSV: read, checked, ready to be stored. No database."""

from services.catalogue.listing.checking import NotChecked, check_rows
from services.catalogue.listing.reading import Listing, Problem, Row, UnreadableListError, read_list

__all__ = ["Listing", "NotChecked", "Problem", "Row", "UnreadableListError", "check_rows", "read_list"]
