"""Questions about supervision. Nothing here writes."""
