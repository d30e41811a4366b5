"""The only code that changes applications and cases. The lock is the row of the application's root run."""
