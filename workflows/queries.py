"""Questions about runs, tasks and clocks."""
