"""The only code that changes runs, tasks, clocks and timers. Every operation locks the root run's row first."""
