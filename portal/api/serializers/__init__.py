"""What goes in and out. Every field is named; nothing is taken over from a model unseen."""
