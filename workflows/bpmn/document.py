"""A BPMN 2.0 file (ISO/IEC 19510 §15), read safely and written again with everything that was in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from workflows.bpmn.refusals import BpmnError, Refusal

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
OURS = "urn:one-stop:bpmn:1"
MAX_BYTES = 1_000_000
MAX_DEPTH = 40
#: A document type can stand only before the root element. Zero bytes are taken out first, so UTF-16 is seen too.
_DOCTYPE = re.compile(rb"(?>[^<]|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)
_DOCTYPE_REFUSED = "a document type is not allowed"

Element = etree._Element


@dataclass(frozen=True)
class Document:
    """A file as its author drew it: processes, pools, drawing, and what other vendors keep in it."""

    root: Element

    def processes(self) -> list[Element]:
        """Return the process elements, whether executable or not."""
        return self.root.findall(f"{{{BPMN}}}process")

    @cached_property
    def elements(self) -> Mapping[str, Element]:
        """Return for each id the first element of BPMN's own namespace that has it."""
        found: dict[str, Element] = {}
        for element in self.root.iter(f"{{{BPMN}}}*"):
            if key := stated(element, "id"):
                found.setdefault(key, element)
        return found

    def named(self, reference: str) -> Element | None:
        """Return the element that a reference (an id, or a QName with a prefix) names."""
        return self.elements.get(reference, self.elements.get(local_part(reference)))

    def repeated_in(self, owner: Element) -> list[Element]:
        """Return the elements inside another whose id an element before them already has."""
        found = [(stated(element, "id"), element) for element in owner.iter(f"{{{BPMN}}}*")]
        return [element for key, element in found if key and self.elements[key] is not element]

    def to_xml(self) -> bytes:
        """Return the file in UTF-8, equal up to formatting to what was read: comments and extensions too."""
        tree = self.root.getroottree()
        standalone = tree.docinfo.standalone
        return bytes(etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=standalone))  # type: ignore[arg-type]


def read_document(xml: bytes) -> Document:
    """Return a BPMN file.

    xml: the file as it came, at most 1 MB and 40 levels deep, in UTF-8 or in the encoding that it declares. Document
    types, entities and network access are refused. Raises BpmnError.
    """
    if len(xml) > MAX_BYTES:
        raise _refused(f"larger than {MAX_BYTES} bytes")
    if _DOCTYPE.match(xml.replace(b"\0", b"")):
        raise _refused(_DOCTYPE_REFUSED, 1)
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise _refused(f"not readable: {error.msg}", error.lineno or 0) from error
    # Again after parsing: an encoding that hides the declaration from the look above still cannot bring one in.
    if str(getattr(root.getroottree().docinfo, "doctype", "")):
        raise _refused(_DOCTYPE_REFUSED, 1)
    level = [root]
    for _ in range(MAX_DEPTH + 1):
        level = [child for element in level for child in element]
    if level:
        raise _refused(f"nested deeper than {MAX_DEPTH} levels")
    if root.tag != f"{{{BPMN}}}definitions":
        raise _refused(f"is not BPMN 2.0: it begins with {_named(root)}", line_of(root))
    return Document(root)


def _named(root: Element) -> str:
    """Return an element as its reader knows it; of one that only lies in another version's namespace, that too."""
    name = etree.QName(root)
    told = f' of the namespace "{name.namespace or ""}", not "{BPMN}"' if name.localname == "definitions" else ""
    return f"<{name.localname}>{told}"


def _refused(reason: str, line: int = 0) -> BpmnError:
    return BpmnError([Refusal(element="file", line=line, reason=reason)])


def line_of(element: Element) -> int:
    """Return the line on which an element begins, 0 where unknown."""
    line = element.sourceline
    return line if isinstance(line, int) else 0


def local_part(name: str, after: str = ":") -> str:
    """Return a qualified name without its prefix."""
    return str(name).rpartition(after)[2]


def parts_of(element: Element) -> Iterator[tuple[str, Element]]:
    """Yield the children of BPMN's own namespace with their local names; comments and extensions are passed over."""
    for child in element.iterchildren(f"{{{BPMN}}}*"):
        yield local_part(child.tag, "}"), child


def ours(element: Element, name: str) -> str:
    """Return an attribute of our namespace, "" if it is not there."""
    return str(element.get(f"{{{OURS}}}{name}", "")).strip()


def stated(element: Element, name: str) -> str:
    """Return an attribute of the standard, "" if it is not there."""
    return str(element.get(name, "")).strip()


def is_true(element: Element, name: str, otherwise: bool = False) -> bool:
    """Return an attribute of type xsd:boolean."""
    return stated(element, name) in {"true", "1"} if stated(element, name) else otherwise


def text_of(element: Element, name: str) -> str | None:
    """Return the text in a child of BPMN's namespace, None without such a child."""
    found = element.find(f"{{{BPMN}}}{name}")
    return None if found is None else str(found.xpath("string()")).strip()
