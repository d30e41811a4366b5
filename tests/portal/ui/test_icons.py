"""Icons: one file of those that are mentioned, and no other way to draw them."""

from __future__ import annotations

import re

from django.contrib.staticfiles import finders
from django.template import Context, Template
from lxml import etree

from portal.demo.stack import ROOT
from portal.ui.icons import SPRITE, icon_names, sprite


def test_the_file_holds_every_icon_a_template_names() -> None:
    made = finders.find(SPRITE)
    assert isinstance(made, str)
    drawn = set(etree.parse(made).xpath("//@id"))
    templates = "".join(file.read_text() for file in (ROOT / "templates").rglob("*.html"))
    named = set(re.findall(r"""\{%\s*icon\s+["']([a-z0-9-]+)["']""", templates))
    assert len(named) > 30
    assert named <= drawn
    assert drawn == icon_names()


def test_an_icon_points_into_the_file_and_says_nothing() -> None:
    shown = Template('{% load ui %}{% icon "search" "large" %}').render(Context())
    assert shown == '<svg class="bi large" aria-hidden="true"><use href="/static/img/icons.svg#search"/></svg>'


def test_a_symbol_keeps_its_drawing() -> None:
    drawn = etree.fromstring(sprite(["search"]).encode())
    (symbol,) = drawn
    assert symbol.get("viewBox") == "0 0 16 16"
    assert symbol[0].get("d")


def test_nothing_draws_icons_by_the_font_that_is_gone() -> None:
    for folder, pattern in (("templates", "*.html"), ("portal", "*.py"), ("static/js", "*.js")):
        for file in (ROOT / folder).rglob(pattern):
            assert not re.search(r"\bbi bi-", file.read_text()), f"{file} draws an icon by a class: use the tag `icon`"
