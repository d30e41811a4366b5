"""Time limits compressed to seconds, so that what takes three minutes in life takes fifteen seconds here."""
