"""Template tags of the applicant's door."""
