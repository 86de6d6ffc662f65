"""Casting: which simulated firms play the approved, declined and referred applicants of the demo.

Only emitted facts decide, never the truth: the cast is chosen the way a person would, by reading
the drop. Whether the platform agrees depends on the scorecard it fits; spares stand by.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

SPARES = 8

_FACTS = """
with last as (select max(balance_on) as ends_on from daily_balances),
account as (
    select uscc,
           sum(amount) filter (purpose = 'sales' and booked_on > ends_on - 365) as sales_12m,
           sum(amount) filter (purpose = 'sales' and booked_on > ends_on - 92)
             / nullif(sum(amount) filter (purpose = 'sales' and booked_on > ends_on - 457
                                          and booked_on <= ends_on - 365), 0) as year_on_year,
           sum(amount) filter (purpose = 'cash' and booked_on > ends_on - 365) as cash_12m,
           count(*) filter (purpose = 'returned' and booked_on > ends_on - 365) as returned_12m
    from transactions, last group by uscc),
balance as (
    select uscc, avg(balance) as balance_6m from daily_balances, last
    where balance_on > ends_on - 183 group by uscc),
tax as (
    select uscc, sum(tax_paid + tax_relieved) filter (period > ends_on - 400) as tax_12m,
           count(*) filter (tax_paid > 0 and filed_on > ends_on - 183) as payments_6m,
           max(arrears) filter (filed_on > ends_on - 365) as arrears_12m
    from tax_filings, last group by uscc),
grade as (select uscc, arg_max(grade, year) as grade from tax_ratings group by uscc),
firm_bureau as (select uscc, unnest(arg_max(b, report_on)) from bureau_enterprise b group by uscc),
owner_bureau as (
    select person_id, unnest(arg_max(b, report_on)) from bureau_owner b group by person_id),
extract as (select uscc, unnest(arg_max(e, as_of)) from enterprises e group by uscc),
cases as (
    select subject, count(*) filter (closed_on is null) as open_cases,
           count(*) filter (kind = 'dishonest' and closed_on is null) as dishonest
    from court_cases group by subject),
events as (
    select uscc, count(*) filter (kind in ('serious_violation_listed', 'abnormal_listed', 'penalty'))
      as bad_events from registry_events group by uscc),
debts as (
    select uscc, count(*) as live_loans from loan_months, last
    where month_end = ends_on and outstanding > 0 group by uscc),
alone as (select person_id from owners group by person_id having count(*) = 1)
select o.uscc, e.name as firm, o.person_id, o.name as owner, o.phone,
       date_diff('month', e.established_on, ends_on) as age_months,
       date_diff('year', o.birth_date, ends_on) as owner_age,
       coalesce(sales_12m, 0)::double as sales_12m, coalesce(year_on_year, 0)::double as year_on_year,
       coalesce(cash_12m / nullif(sales_12m, 0), 1)::double as cash_share, returned_12m,
       coalesce(balance_6m / nullif(sales_12m, 0), 0)::double as balance_ratio,
       coalesce(tax_12m, 0)::double as tax_12m, payments_6m, coalesce(arrears_12m, 0) as arrears_12m,
       coalesce(grade, 'none') as grade, e.status, fb.other_lenders,
       (fb.credit_outstanding - fb.mortgage_outstanding + ob.business_outstanding)::double as credit_elsewhere,
       fb.worst_open_class = 'pass' and fb.worst_settled_class = 'pass'
         and ob.worst_class = 'pass' and not fb.written_off as clean_classes,
       fb.overdue_amount + ob.overdue_amount as overdue, ob.max_dpd_24m as owner_dpd,
       ob.queries_6m as owner_queries, ob.card_used / nullif(ob.card_limit, 0) as card_use,
       coalesce(cf.open_cases, 0) + coalesce(co.open_cases, 0) as open_cases,
       coalesce(cf.dishonest, 0) + coalesce(co.dishonest, 0) as dishonest,
       coalesce(v.bad_events, 0) as bad_events, coalesce(d.live_loans, 0) as live_loans
from owners o join last on true join alone a on a.person_id = o.person_id
join extract e on e.uscc = o.uscc join account t on t.uscc = o.uscc
join balance b on b.uscc = o.uscc join tax x on x.uscc = o.uscc
left join grade g on g.uscc = o.uscc join firm_bureau fb on fb.uscc = o.uscc
join owner_bureau ob on ob.person_id = o.person_id
left join cases cf on cf.subject = o.uscc left join cases co on co.subject = o.person_id
left join events v on v.uscc = o.uscc left join debts d on d.uscc = o.uscc
where o.role = 'legal_representative'
"""

_ADMISSIBLE = """
    status = 'open' and age_months >= 30 and owner_age between 24 and 60 and grade in ('A', 'B', 'M')
    and tax_12m >= 20000 and payments_6m >= 2 and credit_elsewhere <= 3000000 and clean_classes
    and overdue = 0 and open_cases = 0
"""

_STRENGTH = (
    "ln(balance_ratio + 0.001) + ln(year_on_year + 0.1) - 8 * cash_share - 0.5 * returned_12m"
    " - 0.2 * owner_queries + 0.3 * (grade = 'A')::int desc"
)

_ROLES: dict[str, tuple[str, str, str]] = {
    "approved": (
        f"{_ADMISSIBLE} and bad_events = 0 and grade in ('A', 'B') and other_lenders <= 1"
        " and owner_dpd <= 15 and owner_queries <= 4 and returned_12m <= 2"
        " and coalesce(card_use, 0) <= 0.6 and arrears_12m = 0 and year_on_year >= 0.75",
        f"(live_loans = 0)::int desc, {_STRENGTH}",
        "meets every admission rule with room to spare",
    ),
    "declined": (
        "live_loans = 0 and status = 'open' and (dishonest > 0 or grade = 'D')",
        "(dishonest > 0)::int + (grade = 'D')::int desc, dishonest desc",
        "is on the list of dishonest judgment debtors, or has tax grade D",
    ),
    "referred": (
        f"{_ADMISSIBLE} and (owner_dpd between 31 and 85 and other_lenders <= 2"
        " or owner_dpd <= 30 and other_lenders = 3) and returned_12m <= 3 and bad_events = 0",
        f"(live_loans <= 1)::int desc, {_STRENGTH}",
        "meets the hard rules, but its owner has been overdue or it owes several banks",
    ),
}
"""Role: which facts qualify, in what order they are preferred, and why in words."""


@dataclass(frozen=True)
class Player:
    """One firm of the cast and the facts it was chosen for."""

    uscc: str
    firm: str
    person_id: str
    owner: str
    phone: str
    expected: str
    why: str
    facts: dict[str, Any]


def demo_cast(drop: Path, ends_on: date) -> dict[str, Any]:
    """Choose the cast from the drop's files and write it to `cast.json` in the drop folder.

    Gives `ends_on`, one player for each of `approved`, `declined`, `referred` (None when a small
    world has nobody fit), and `spares`: up to eight more players by role. Of a drop in parts the
    first part is enough.
    """
    players = {role: _players(drop, role) for role in _ROLES}
    cast: dict[str, Any] = {"ends_on": ends_on.isoformat()}
    for role, candidates in players.items():
        cast[role] = asdict(candidates[0]) if candidates else None
    cast["spares"] = {role: [asdict(p) for p in group[1:]] for role, group in players.items()}
    text = json.dumps(cast, ensure_ascii=False, indent=2)
    (drop / "cast.json").write_text(text, encoding="utf-8")
    return cast


def _files(drop: Path) -> dict[str, Path]:
    """Each dataset's file, or its first part."""
    whole = {path.stem: path for path in drop.glob("*.parquet")}
    return {path.parent.name: path for path in drop.glob("*/part-00000.parquet")} | whole


def _players(drop: Path, role: str) -> list[Player]:
    condition, order, why = _ROLES[role]
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, path in sorted(_files(drop).items()):
            source = str(path).replace("'", "''")
            connection.execute(f"create view \"{name}\" as select * from '{source}'")
        found = connection.execute(
            f"select * from ({_FACTS}) where {condition} order by {order}, uscc limit {SPARES + 1}"
        )
        names = [column[0] for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return [_player(row, role, why) for row in rows]


def _player(row: dict[str, Any], role: str, why: str) -> Player:
    identity = {
        name: str(row.pop(name)) for name in ("uscc", "firm", "person_id", "owner", "phone")
    }
    facts = {
        name: value if isinstance(value, str | bool) else float(value or 0)
        for name, value in row.items()
    }
    return Player(**identity, expected=role, why=why, facts=facts)
