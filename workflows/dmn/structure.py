"""The XML of a decision file: read safely, and every element known or refused."""

from __future__ import annotations

from lxml import etree

from workflows.dmn.errors import DmnError, Refusal

DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
#: DMN 1.3, 1.2 and 1.1: a decision table is written the same in all of them.
NAMESPACES = (DMN, "http://www.omg.org/spec/DMN/20180521/MODEL/", "http://www.omg.org/spec/DMN/20151101/dmn.xsd")
MAX_BYTES = 1_000_000
MAX_DEPTH = 40

#: For the drawing or for people, without effect on the decision.
_DECORATION = frozenset({"description", "extensionElements"})
#: What may stand where (DMN 1.3, 6.3 and 8.3); elements that are no key here are not looked into.
_CHILDREN = {
    "definitions": frozenset({"decision", "inputData", "knowledgeSource", "textAnnotation", "association", "group"}),
    "decision": frozenset(
        {"decisionTable", "variable", "informationRequirement", "authorityRequirement", "question", "allowedAnswers"}
    ),
    "informationRequirement": frozenset({"requiredInput"}),
    "decisionTable": frozenset({"input", "output", "rule", "annotation"}),
    "input": frozenset({"inputExpression", "inputValues"}),
    "output": frozenset({"outputValues", "defaultOutputEntry"}),
    "rule": frozenset({"inputEntry", "outputEntry", "annotationEntry"}),
    "inputExpression": frozenset({"text"}),
    "inputValues": frozenset({"text"}),
    "outputValues": frozenset({"text"}),
    "defaultOutputEntry": frozenset({"text"}),
    "inputEntry": frozenset({"text"}),
    "outputEntry": frozenset({"text"}),
    "text": frozenset[str](),
}
#: May stand once where they may stand at all.
_ONCE = frozenset({"decisionTable", "inputExpression", "inputValues", "outputValues", "defaultOutputEntry", "text"})
_REASONS = {
    "requiredDecision": "A decision that needs another one is not executed here: put both into one table.",
    "knowledgeRequirement": "Business knowledge models are not executed here: write CEL in the cell.",
    "businessKnowledgeModel": "Business knowledge models are not executed here: write CEL in the cell.",
    "decisionService": "Decision services are not executed here: one file, one decision.",
    "literalExpression": "A decision that is one expression is not executed here: write a decision table.",
    "itemDefinition": "Types of one's own are not read here: use string, number, boolean or date, and inputValues.",
    "import": "Other files are not read here: one file, one decision.",
}


def read_xml(xml: bytes) -> etree._Element:
    """Return the `definitions` element of a decision file.

    Raises DmnError: larger than 1 MB, not UTF-8, not XML, a document type (and so any entity of one's own), nested
    deeper than 40 levels, not DMN 1.1 to 1.3. Nothing outside the file is read.
    """
    if len(xml) > MAX_BYTES:
        raise _unreadable(f"The file is larger than {MAX_BYTES} bytes.")
    try:
        xml.decode()
    except UnicodeDecodeError as error:
        raise _unreadable("The file is not in UTF-8.") from error
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise _unreadable(f"The file is not readable: {error.msg}.", error.lineno or 0) from error
    if str(getattr(root.getroottree().docinfo, "doctype", "")):
        raise _unreadable("A document type is not allowed.", 1)
    if _deeper(root, MAX_DEPTH):
        raise _unreadable(f"The file is nested deeper than {MAX_DEPTH} levels.")
    if root.tag not in {f"{{{namespace}}}definitions" for namespace in NAMESPACES}:
        raise _unreadable("The file is not DMN 1.3: its outermost element must be <definitions>.", line_of(root))
    return root


def strangers(element: etree._Element) -> list[Refusal]:
    """Return what stands below `element` and is not decided with. Other namespaces are extensions, left aside."""
    found: list[Refusal] = []
    inside, seen = local_name(element), set[str]()
    for child in element:
        if not isinstance(child.tag, str) or _foreign(child):
            continue
        local = local_name(child)
        if local in _DECORATION:
            continue
        if etree.QName(child).namespace != etree.QName(element).namespace:
            found.append(refusal(child, f"<{local}> is of another version of DMN than the file."))
        elif local not in _CHILDREN[inside]:
            found.append(refusal(child, _REASONS.get(local, f"<{local}> inside <{inside}> is not executed here.")))
        elif local in _ONCE & seen:
            found.append(refusal(child, f"<{inside}> has more than one <{local}>."))
        elif local in _CHILDREN:
            found += strangers(child)
        seen.add(local)
    return found


def refusal(element: etree._Element, reason: str) -> Refusal:
    """Return a refusal that names an element by its id, or by its kind and the nearest id around it."""
    return Refusal(element=_called(element), line=line_of(element), reason=reason)


def local_name(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(etree.QName(element).localname)


def line_of(element: etree._Element) -> int:
    """Return the line an element begins on, 0 where unknown."""
    line = element.sourceline
    return line if isinstance(line, int) else 0


def children(element: etree._Element, *names: str) -> list[etree._Element]:
    """Return the children of the given names in the element's own namespace, in the file's order."""
    namespace = etree.QName(element).namespace
    tags = {f"{{{namespace}}}{name}" for name in names}
    return [child for child in element if child.tag in tags]


def text_in(element: etree._Element) -> str:
    """Return what the `text` child of an element says; "" when it says nothing."""
    # A comment inside it splits the text; what follows the comment belongs to it all the same.
    parts = (part for child in children(element, "text") for part in [child.text, *(inner.tail for inner in child)])
    return "".join(part or "" for part in parts).strip()


def _called(element: etree._Element) -> str:
    if element.get("id"):
        return str(element.get("id"))
    owner = next((above.get("id") for above in element.iterancestors() if above.get("id")), None)
    return f"<{local_name(element)}> in {owner}" if owner else f"<{local_name(element)}>"


def _foreign(element: etree._Element) -> bool:
    namespace = etree.QName(element).namespace
    return namespace is not None and namespace not in NAMESPACES


def _deeper(root: etree._Element, most: int) -> bool:
    level = [root]
    for _ in range(most + 1):
        level = [child for element in level for child in element]
    return bool(level)


def _unreadable(reason: str, line: int = 0) -> DmnError:
    return DmnError([Refusal(element="file", line=line, reason=reason)])
