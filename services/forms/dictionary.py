"""The dictionary of data elements: every element the city's services ask, each defined once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from services.forms.definitions import Data, read_choices, read_element, read_form, read_rows, read_section
from services.forms.schema import Choice, Element, FormSchema, SchemaError, Section

DATA = Path(__file__).parent / "data"
_FILE_SPAN = 1_000


@dataclass(frozen=True)
class Dictionary:
    """Elements by code, and the sections they stand in."""

    elements: Mapping[str, Element]
    sections: tuple[Section, ...]

    def element(self, code: str) -> Element:
        """Return an element; SchemaError when there is none of this code."""
        try:
            return self.elements[code]
        except KeyError as error:
            raise SchemaError(f"The dictionary has no element {code}.") from error

    def form(self, data: Data | Sequence[object], *, service: str = "") -> FormSchema:
        """Return a service's form from its definition in the catalogue; see `definitions.read_form`."""
        return read_form(data, service=service, elements=self.elements, sections=self.sections)


@cache
def dictionary() -> Dictionary:
    """Return the dictionary the project ships, read once per process."""
    return load_dictionary(DATA)


def load_dictionary(folder: Path) -> Dictionary:
    """Read `sections.yaml`, `lists.yaml` and `elements/*.yaml` of a folder and check them together.

    Raises SchemaError naming the file and what is wrong: a code twice, one code inside another, a language missing, an
    unknown type, section, list, option or document kind.
    """
    sections = tuple(
        read_section(key, title, order) for order, (key, title) in enumerate(_mapping(folder / "sections.yaml").items())
    )
    lists = {name: read_choices(name, rows) for name, rows in _mapping(folder / "lists.yaml").items()}
    elements: dict[str, Element] = {}
    for number, file in enumerate(sorted((folder / "elements").glob("*.yaml"))):
        try:
            for element in _elements(file, number * _FILE_SPAN, lists):
                if element.code in elements:
                    raise SchemaError(f"{element.code} is defined twice.")
                elements[element.code] = element
        except SchemaError as error:
            raise SchemaError(f"{file.name}: {error}") from error
    _check_together(elements, {section.key for section in sections})
    return Dictionary(elements, sections)


def _elements(file: Path, start: int, lists: Mapping[str, tuple[Choice, ...]]) -> list[Element]:
    found: list[Element] = []
    for section, rows in _mapping(file).items():
        for data in read_rows(rows):
            found.append(read_element(data, section=section, order=start + len(found), lists=lists))
    return found


def _check_together(elements: Mapping[str, Element], sections: set[str]) -> None:
    for code, element in elements.items():
        if element.section not in sections:
            raise SchemaError(f"{code}: there is no section {element.section}.")
        if not element.fields and element.options.get("kind_from", code) not in elements:
            raise SchemaError(f"{code}: kind_from names no element.")
        owners = [code.rsplit(".", depth)[0] for depth in range(1, code.count(".") + 1)]
        if inside := [owner for owner in owners if owner in elements]:
            raise SchemaError(f"{code} lies inside {inside[0]}, which is an element itself.")


def _mapping(file: Path) -> dict[str, object]:
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), _StrictLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise SchemaError(f"{file.name}: {error}") from error
    if not isinstance(data, dict):
        raise SchemaError(f"{file.name}: a mapping is expected.")
    return data


class _StrictLoader(yaml.SafeLoader):
    """YAML without arbitrary objects, in which a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        keys = [key.value for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise yaml.constructor.ConstructorError(None, None, f"{', '.join(twice)} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)
