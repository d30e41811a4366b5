"""The described sources fit the data-element dictionary."""

from __future__ import annotations

from services.exchange.sources import sources
from services.forms.dictionary import dictionary


def test_every_source_fills_known_elements() -> None:
    known = set(dictionary().elements)
    for source in sources().values():
        filled = {element for element in source.elements.values() if not element.startswith("entry.")}
        assert filled | {source.key} <= known, source.code
        assert source.purposes
        assert source.path == f"/sources/{source.code}"
        assert source.connect_seconds > 0
        assert source.read_seconds > 0
        assert source.name_zh != source.name_en
        assert source.basis_zh
