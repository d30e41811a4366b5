"""Every page of every door, found along its links by people of every role in both languages, and each form sent empty.

The translations carry marks meanwhile, so that whatever stands outside them and is not in the page's language was never
translated. A page that no link leads to fails as well: give the lively city what it needs, or give a reason.
"""

from __future__ import annotations

import pytest

from tests.portal.everybody import ROWS, routes
from tests.walk.conftest import EXCEPTIONS, Walked

# one worker walks, once
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("walk")]


def listed(faults: list[str]) -> str:
    """Return faults one a line, each once."""
    once = list(dict.fromkeys(faults))
    return f"{len(once)} faults:\n" + "\n".join(once)


def test_nothing_breaks(walked: Walked) -> None:
    assert not walked.broken, listed(walked.broken)
    assert walked.pages > 300


def test_every_text_is_in_the_language_of_the_page(walked: Walked) -> None:
    assert not walked.foreign, listed(walked.foreign)


def test_every_page_has_one_heading_and_names_for_all_one_can_use(walked: Walked) -> None:
    assert not walked.flaws, listed(walked.flaws)


def test_pages_are_light(walked: Walked, capsys: pytest.CaptureFixture[str]) -> None:
    """At most 150 kB for whoever comes first, 30 kB for whoever was on the home page before; prints the heaviest."""
    with capsys.disabled():
        print(f"\n{len(walked.weights)} citizens' pages weighed, compressed. The heaviest:")
        for first, afterwards, where in sorted(walked.weights, key=lambda one: -one[1])[:5]:
            print(f"{first:>9,} bytes opened first, {afterwards:>7,} after the home page: {where}")
    assert len(walked.weights) > 200
    assert not walked.heavy, listed(walked.heavy)


def test_links_lead_to_every_page(walked: Walked) -> None:
    opened = [row for row in ROWS if row.method == "get" and "allow" in row.outcomes.values()]
    pages = [route for route in routes() if not route.startswith(("admin/", "api/", "healthz/"))]
    # a match names a route without the "^" of its expression
    to_reach = {route.replace("^", "") for route in pages if any(row.fits(route) for row in opened)}
    unreached, excused = to_reach - walked.reached, set(EXCEPTIONS["unreached"])
    assert not unreached - excused, "No link leads to: " + ", ".join(sorted(unreached - excused))
    assert not excused - unreached, "A reason is out of date: " + ", ".join(sorted(excused - unreached))
