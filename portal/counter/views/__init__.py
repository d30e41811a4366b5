"""The window clerks' pages."""
