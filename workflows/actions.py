"""The registry of what a service task does."""
