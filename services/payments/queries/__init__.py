"""Questions about fees."""
