"""Find something by whatever a person types: Chinese without spaces, pinyin, initials, synonyms, errors, English.

Pure: no Django, no database. `Index(entries).find(query)` ranks; `marks(query, text)` says which characters matched.
"""

from portal.public.finding.index import Entry, Index
from portal.public.finding.marks import marks

__all__ = ["Entry", "Index", "marks"]
