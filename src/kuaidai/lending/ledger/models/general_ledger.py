"""The general ledger by day: balances rolled forward when a day is closed, never changed after."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class ClosedDay(models.Model):
    """A day the ledger has been closed on, with its totals: no entry may be posted on it any more."""

    on = models.DateField(primary_key=True)
    entries = models.IntegerField()
    debit = models.DecimalField(max_digits=20, decimal_places=2)
    credit = models.DecimalField(max_digits=20, decimal_places=2)
    closed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(debit=models.F("credit")), name="closed_day_balances"
            ),
        ]


class GeneralLedgerDay(models.Model):
    """One account of one branch and product on a closed day.

    Balances are debits less credits, whatever the account. Every account that was ever used stands
    in every closed day, so that one day's rows are the whole of the books.
    """

    pk = models.CompositePrimaryKey("on", "branch", "product_code", "account")
    on = models.DateField()
    branch = models.CharField(max_length=12)
    product_code = models.CharField(max_length=40)
    account = models.CharField(max_length=10)
    opening = models.DecimalField(max_digits=20, decimal_places=2)
    debit = models.DecimalField(max_digits=20, decimal_places=2)
    credit = models.DecimalField(max_digits=20, decimal_places=2)
    closing = models.DecimalField(max_digits=20, decimal_places=2)
    debit_to_date = models.DecimalField(max_digits=20, decimal_places=2)
    credit_to_date = models.DecimalField(max_digits=20, decimal_places=2)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    closing=models.F("opening") + models.F("debit") - models.F("credit")
                ),
                name="ledger_day_adds_up",
            ),
            models.CheckConstraint(
                condition=models.Q(closing=models.F("debit_to_date") - models.F("credit_to_date")),
                name="ledger_day_is_turnover_to_date",
            ),
        ]
