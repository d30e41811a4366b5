"""What the window and the departments do alike: take a task and give it back, open what was handed in."""
