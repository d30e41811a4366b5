"""The pure engine: a graph (what may happen), a state (where a run stands), `advance` (the one step between states)."""
