"""The state of everything the public pages say about what is offered, as one value that changes with it."""

from __future__ import annotations

from django.db import models


class Edition(models.Model):
    """One row, rewritten by triggers in the transaction that changes what a guide says (migration 0006).

    Pages are kept in each process's memory under it. Whoever changes something waits for the row, so that no process
    sees a newer edition without everything that belongs to it; the transaction's number tells editions apart that
    were never committed.
    """

    number = models.BigIntegerField()
    transaction = models.BigIntegerField()

    class Meta:
        verbose_name = "edition of the catalogue"

    def __str__(self) -> str:
        """Show the value under which pages are kept."""
        return f"{self.transaction}.{self.number}"
