"""Form fields drawn quickly: `{% load fields %}{% quick_field field %}`. See portal/ui/fields.py."""

from __future__ import annotations

from django import template

from portal.ui.fields import draw_field

register = template.Library()
register.simple_tag(draw_field, name="quick_field")
