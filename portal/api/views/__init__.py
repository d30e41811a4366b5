"""Views of the API: load, permission, one operation or query, answer."""
