"""Balances: the books as of a day, from the last day that was closed and what was posted since.

So a balance costs the open days' postings, however old the books are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import Sum

from kuaidai.kernel.money import ZERO
from kuaidai.lending.ledger.domain.balances import (
    BalanceBreak,
    LedgerDay,
    LedgerRow,
    TrialBalance,
    TrialBalanceRow,
    natural,
)
from kuaidai.lending.ledger.domain.chart import CHART
from kuaidai.lending.ledger.models import ClosedDay, GeneralLedgerDay, Posting

_OPEN_DAY = """
SELECT branch, product_code, account, sum(opening), sum(debit), sum(credit)
FROM (
    SELECT branch, product_code, account, closing AS opening, 0.00 AS debit, 0.00 AS credit
    FROM ledger_generalledgerday WHERE "on" = %(base)s
    UNION ALL
    SELECT entry.branch, entry.product_code, line.account,
        coalesce(sum(line.debit - line.credit) FILTER (WHERE entry."on" < %(on)s), 0),
        coalesce(sum(line.debit) FILTER (WHERE entry."on" = %(on)s), 0.00),
        coalesce(sum(line.credit) FILTER (WHERE entry."on" = %(on)s), 0.00)
    FROM ledger_journalentry AS entry JOIN ledger_posting AS line ON line.entry_id = entry.id
    WHERE entry."on" > coalesce(%(base)s::date, '-infinity') AND entry."on" <= %(on)s
    GROUP BY 1, 2, 3
) AS part
WHERE (%(branch)s::text IS NULL OR branch = %(branch)s)
    AND (%(product)s::text IS NULL OR product_code = %(product)s)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

_Sums = dict[tuple[str, str, str], tuple[Decimal, Decimal]]


def closed_through() -> date | None:
    """The last day the ledger has been closed on; None before the first close."""
    return ClosedDay.objects.order_by("-on").values_list("on", flat=True).first()


def _base(through: date | None) -> date | None:
    """The last closed day up to and including `through`."""
    days = ClosedDay.objects.order_by("-on")
    if through is not None:
        days = days.filter(on__lte=through)
    return days.values_list("on", flat=True).first()


def _turnover(
    through: date | None, branch: str | None = None, product_code: str | None = None
) -> _Sums:
    """Debits and credits since the first day, by branch, product and account."""
    base = _base(through)
    chosen = {"branch": branch, "product_code": product_code}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    sums: _Sums = {}
    for row in GeneralLedgerDay.objects.filter(on=base, **chosen) if base is not None else ():
        sums[row.branch, row.product_code, row.account] = (row.debit_to_date, row.credit_to_date)
    since = Posting.objects.filter(**{f"entry__{name}": value for name, value in chosen.items()})
    if base is not None:
        since = since.filter(entry__on__gt=base)
    if through is not None:
        since = since.filter(entry__on__lte=through)
    grouped = since.values_list("entry__branch", "entry__product_code", "account")
    for of, product, account, debit, credit in grouped.annotate(Sum("debit"), Sum("credit")):
        before = sums.get((of, product, account), (ZERO, ZERO))
        sums[of, product, account] = (before[0] + debit, before[1] + credit)
    return sums


def trial_balance(
    *, through: date | None = None, branch: str | None = None, product_code: str | None = None
) -> TrialBalance:
    """Turnover and balance of every account, up to and including `through`."""
    sums = {code: [ZERO, ZERO] for code in CHART}
    for (_, _, account), (debit, credit) in _turnover(through, branch, product_code).items():
        of = sums.setdefault(account, [ZERO, ZERO])
        of[0] += debit
        of[1] += credit
    rows = tuple(
        TrialBalanceRow(
            code, account.title_en, account.title_zh, sums[code][0], sums[code][1],
            natural(code, sums[code][0] - sums[code][1]), account.is_memorandum,
        )
        for code, account in CHART.items()
    )  # fmt: skip
    return TrialBalance(
        rows,
        sum((debit for debit, _ in sums.values()), ZERO),
        sum((credit for _, credit in sums.values()), ZERO),
        through,
    )


def _row(branch: str, product: str, account: str, opening: Decimal, debit: Decimal,
         credit: Decimal) -> LedgerRow:  # fmt: skip
    title = CHART[account]
    return LedgerRow(
        branch, product, account, title.title_en, title.title_zh, natural(account, opening),
        debit, credit, natural(account, opening + debit - credit),
    )  # fmt: skip


def general_ledger(
    *,
    on: date,
    branch: str | None = None,
    product_code: str | None = None,
    offset: int = 0,
    limit: int = 10_000,
) -> LedgerDay:
    """The general ledger of a day, open or closed, by branch, product and account."""
    last = closed_through()
    with connection.cursor() as cursor:
        stored = GeneralLedgerDay.objects.filter(on=on)
        if ClosedDay.objects.filter(on=on).exists():
            if branch is not None:
                stored = stored.filter(branch=branch)
            if product_code is not None:
                stored = stored.filter(product_code=product_code)
            found = list(
                stored.order_by("branch", "product_code", "account").values_list(
                    "branch", "product_code", "account", "opening", "debit", "credit"
                )
            )
        else:
            cursor.execute(
                _OPEN_DAY,
                {"on": on, "base": _base(on), "branch": branch, "product": product_code},
            )
            found = cursor.fetchall()
    return LedgerDay(
        on,
        last is not None and on <= last,
        tuple(_row(*row) for row in found[offset : offset + limit]),
        len(found),
        sum((row[4] for row in found), ZERO),
        sum((row[5] for row in found), ZERO),
    )


def balance_breaks(
    *,
    sub_ledger: Mapping[tuple[str, str, str], Decimal],
    accounts: frozenset[str],
    through: date | None = None,
) -> tuple[BalanceBreak, ...]:
    """Where the general ledger differs from what a sub-ledger adds up to.

    `sub_ledger` holds the balance by branch, product and account, positive on the side on which the
    account grows; what it leaves out of `accounts` should be zero.
    """
    books = {
        key: natural(key[2], debit - credit)
        for key, (debit, credit) in _turnover(through).items()
        if key[2] in accounts
    }
    keys = sorted(books.keys() | {key for key in sub_ledger if key[2] in accounts})
    compared = (BalanceBreak(*key, books.get(key, ZERO), sub_ledger.get(key, ZERO)) for key in keys)
    return tuple(pair for pair in compared if pair.difference)
