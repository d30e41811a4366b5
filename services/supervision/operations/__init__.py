"""What supervision does; each module holds one subject."""
