"""Django admin of the workflows."""
