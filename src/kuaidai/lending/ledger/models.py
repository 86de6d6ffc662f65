"""The journal: append-only entries whose postings balance; triggers in the database see to both."""

from __future__ import annotations

from django.db import models


class JournalEntry(models.Model):
    """One balanced entry; `key` makes posting the same thing twice impossible.

    `line_count` is how many postings it has: the database refuses more or fewer.
    """

    key = models.CharField(max_length=100, unique=True)
    on = models.DateField()
    description = models.CharField(max_length=200)
    source_type = models.CharField(max_length=30)
    source_id = models.CharField(max_length=40)
    line_count = models.SmallIntegerField()
    posted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["source_type", "source_id"])]


class Posting(models.Model):
    """One line of an entry: a debit or a credit, never both."""

    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="postings")
    account = models.CharField(max_length=10)
    debit = models.DecimalField(max_digits=18, decimal_places=2)
    credit = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(debit__gt=0, credit=0) | models.Q(debit=0, credit__gt=0),
                name="one_positive_side",
            ),
        ]
        indexes = [models.Index(fields=["account"])]
