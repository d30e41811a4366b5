"""Views of the managers' door."""
