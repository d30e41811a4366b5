"""Questions about definitions, runs, tasks, clocks and history. They never write."""
