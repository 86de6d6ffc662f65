"""The journal: append-only entries whose postings balance; triggers in the database see to both."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from kuaidai.lending.ledger.domain.entries import HEAD


class JournalEntry(models.Model):
    """One balanced entry; `key` makes posting the same thing twice impossible.

    `line_count` is how many postings it has: the database refuses more or fewer, and it refuses an
    entry on a day that the ledger has been closed on.
    """

    key = models.CharField(max_length=100, unique=True)
    on = models.DateField()
    branch = models.CharField(max_length=12, default=HEAD)
    product_code = models.CharField(max_length=40, default=HEAD)
    description = models.CharField(max_length=200)
    source_type = models.CharField(max_length=30)
    source_id = models.CharField(max_length=40)
    line_count = models.SmallIntegerField()
    posted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(line_count__gte=2), name="entry_of_two_lines_or_more"
            ),
            models.CheckConstraint(
                condition=~models.Q(branch="") & ~models.Q(product_code=""),
                name="entry_has_branch_and_product",
            ),
        ]
        indexes = [
            models.Index(fields=["source_id", "source_type"], name="ledger_entry_source"),
            models.Index(fields=["branch", "id"], name="ledger_entry_branch"),
            models.Index(fields=["on"], name="ledger_entry_on"),
        ]


class Posting(models.Model):
    """One line of an entry: a debit or a credit, never both.

    The lines of an entry are numbered from 1 and come in one statement. The database checks that
    the entry is there by itself (and nothing can remove one), so a foreign key would only cost.
    """

    pk = models.CompositePrimaryKey("entry_id", "line_no")
    entry = models.ForeignKey(
        JournalEntry, on_delete=models.PROTECT, related_name="postings", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    line_no = models.SmallIntegerField()
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
        indexes = [models.Index(fields=["account", "entry"], name="ledger_posting_account")]
