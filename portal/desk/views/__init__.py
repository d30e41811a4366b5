"""The department reviewers' pages."""
