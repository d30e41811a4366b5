"""What is said to whoever fetched documents for a case, at a department's desk or at the window."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def say_fetched(request: HttpRequest, fetched: int) -> None:
    """Say how many documents the registers gave."""
    if fetched:
        said = ngettext("%(count)s document was fetched.", "%(count)s documents were fetched.", fetched)
        messages.success(request, said % {"count": fetched})
    else:
        messages.warning(request, _("The registers gave no document. The time is noted; try again later."))
