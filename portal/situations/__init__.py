"""What an offer needs in somebody's situation: shared by the guides and by the application."""
