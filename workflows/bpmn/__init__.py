"""BPMN 2.0 XML to graph. What we do not execute is refused with its id, its line and the reason."""
