"""Closed sets of the workflows."""
