"""A drop's figures beside facts published about small-business lending in China.

Every published number carries the source it was read in; grades: A primary text, B named press, annual report or
peer-reviewed paper, C unofficial. They come from other lenders and other years: a gap is something to know, not
an error as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from kuaidai.simulator.realism.errors import DropNotUsable
from kuaidai.simulator.realism.reading import first_line, open_drop

NEAR = 1.5
"""A figure is near a published one up to this factor, or up to NEAR_POINTS for shares."""
NEAR_POINTS = 0.10

NEEDED = (
    "loans", "loan_months", "transactions", "owners", "bureau_enterprise", "bureau_owner",
    "tax_filings", "tax_ratings",
)  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """A published figure: `least` to `most` (equal for a single number), with its source and grade.

    `line` says that it is an admission line: the share of firms that pass it is shown, and nothing
    is published to compare that share with.
    """

    key: str
    en: str
    zh: str
    unit: str
    published: str
    least: float | None
    most: float | None
    source: str
    grade: str

    @property
    def line(self) -> bool:
        """Whether the fact is an admission line without a published share."""
        return self.least is None


@dataclass(frozen=True)
class Finding:
    """A fact with the drop's figure (None where nothing can be counted) and what to make of it."""

    fact: Fact
    ours: float | None
    verdict: str


_WEBANK = ("WeBank 微业贷: com.gd.gov.cn post_4076396 [S84]", "A")
_MYBANK = (
    "MYbank to 2019 and 2023: content.twimbit.com, The Asian Banker, laitimes.com [S81 S82 S83]",
    "B",
)
_CCB = ("CCB 小微快贷, 2022: jrb.pingliang.gov.cn [S2]", "A")
_LINES = ("rules of thumb: dai.kanong01.com, 51youqian.com [S6 S25]", "C")
_TAX_LINES = ("CCB 云税贷 rules, 2021: goodongood.cn [S4]", "A")

FACTS: tuple[Fact, ...] = (
    Fact("line_mean", "Average loan", "平均贷款金额",
         "CNY", "430,000", 430_000, 430_000, *_WEBANK),
    Fact("line_small", "Loans below 100,000", "10万以下占比",
         "share", "38.32 %", 0.3832, 0.3832, *_WEBANK),
    Fact("line_mybank", "Average loan", "平均贷款金额",
         "CNY", "31,000 to 72,000", 31_000, 72_000, *_MYBANK),
    Fact("over_cap", "Loans above the cap of 3,000,000", "超过300万上限占比",
         "share", "0 %", 0.0, 0.0, *_CCB),
    Fact("tenor_year", "Loans of one year or less", "期限一年以内占比",
         "share", "100 % (one-year lines)", 1.0, 1.0, *_CCB),
    Fact("rate", "Annual rate, middle loan", "年利率中位数",
         "rate", "3.85 % to 4.25 %", 0.038525, 0.042525, *_CCB),
    Fact("small_revenue", "Borrowers with sales below 10,000,000 a year", "年销售额1000万以下借款人占比",
         "share", "77 %", 0.77, 0.77, *_WEBANK),
    Fact("first_firm_loan", "First-time borrowers: the firm has no loan elsewhere", "首贷企业无他行贷款占比",
         "share", "66 %", 0.66, 0.66, *_WEBANK),
    Fact("first_owner_loan", "First-time borrowers: the owner has no business loan", "首贷企业主无个人经营贷占比",
         "share", "37 %", 0.37, 0.37, *_WEBANK),
    Fact("first_neither", "First-time borrowers: neither has", "两者均无占比",
         "share", "27 %", 0.27, 0.27, *_WEBANK),
    Fact("npl", "Balance more than 90 days past due", "逾期90天以上余额占比",
         "share", "1 % (MYbank) to 3.22 % (industry)", 0.01, 0.0322, *_MYBANK),
    Fact("npl_webank", "Balance more than 90 days past due", "逾期90天以上余额占比",
         "share", "0.32 % (whole bank, 2016)", 0.0032, 0.0032, "WeBank: caixinglobal.com, 2017-07-12 [S85]", "B"),
    Fact("npl_ccb", "Balance more than 90 days past due", "逾期90天以上余额占比",
         "share", "8 % (before), 0.3 % (2018)", 0.003, 0.08, "CCB small business: pymnts.com citing Bloomberg [S36]", "B"),
    Fact("bad_12m", "Loans 60+ days past due within 12 months", "放款后12个月内逾期60天以上占比",
         "share", "none found", None, None, "no source", "–"),
    Fact("owner_queries", "Owners with at most 8 credit queries in 6 months", "企业主6个月查询不超过8次占比",
         "share", "line: 8", None, None, *_LINES),
    Fact("card_use", "Owners using at most 70 % of their cards", "企业主信用卡使用率不超过70%占比",
         "share", "line: 70 %", None, None, *_LINES),
    Fact("other_lenders", "Firms with at most 2 other lending banks", "他行授信不超过2家占比",
         "share", "line: 2", None, None, *_TAX_LINES),
    Fact("tax_paid", "Firms with tax of 5,000 or more in 12 months", "12个月纳税不低于5000占比",
         "share", "line: 5,000", None, None, *_TAX_LINES),
    Fact("tax_grade", "Firms with tax grade A, B or M", "纳税信用A、B、M级占比",
         "share", "line: A, B, M", None, None, *_TAX_LINES),
    Fact("settles", "Firms with 100 transactions and 2,000,000 received in 12 months", "12个月100笔且收款200万以上占比",
         "share", "line: both", None, None, "CCB 善融贷: fj-ba.com, Fujian Banking Association [S7]", "A"),
)  # fmt: skip

_QUERY = """
with ends as (select max(month_end) as last from loan_months),
book as (select outstanding, days_past_due from loan_months, ends where month_end = last),
year as (
    select uscc, sum(amount) filter (purpose = 'sales') as sales, count(*) as lines,
           sum(amount) filter (direction = 'credit') as received
    from transactions, ends where booked_on > last - interval 12 month group by uscc),
outcome as (
    select loan_no, bool_or(days_past_due >= 60) as bad
    from loans join loan_months using (loan_no), ends
    where granted_on + interval 12 month <= last and month_end <= granted_on + interval 12 month
    group by loan_no),
first as (select uscc, min(granted_on) as day from loans group by uscc),
boss as (select uscc, person_id from owners where role = 'legal_representative'),
firm_then as (
    select f.uscc, credit_outstanding = 0 as none
    from first f asof join bureau_enterprise b on b.uscc = f.uscc and b.report_on <= f.day),
owner_then as (
    select f.uscc, business_outstanding = 0 as none
    from (select * from first join boss using (uscc)) f
    asof join bureau_owner b on b.person_id = f.person_id and b.report_on <= f.day),
then_ as (select f.none as firm_none, o.none as owner_none
          from firm_then f join owner_then o using (uscc)),
firm_now as (select uscc, arg_max(other_lenders, report_on) as lenders
             from bureau_enterprise group by uscc),
owner_now as (
    select person_id, arg_max(queries_6m, report_on) as queries,
           arg_max(card_used / nullif(card_limit, 0), report_on) as card_use
    from bureau_owner group by person_id),
tax as (select uscc, sum(tax_paid + tax_relieved) as tax from tax_filings, ends
        where filed_on > last - interval 12 month group by uscc),
grade as (select uscc, arg_max(grade, year) as grade from tax_ratings group by uscc)
select (select avg(principal) from loans) as line_mean,
    (select avg((principal < 100000)::int) from loans) as line_small,
    (select avg(principal) from loans) as line_mybank,
    (select avg((principal > 3000000)::int) from loans) as over_cap,
    (select avg((matures_on <= granted_on + interval 12 month + interval 31 day)::int)
     from loans) as tenor_year,
    (select median(annual_rate) from loans) as rate,
    (select avg((sales < 10000000)::int) from year where uscc in (select uscc from loans))
        as small_revenue,
    (select avg(firm_none::int) from then_) as first_firm_loan,
    (select avg(owner_none::int) from then_) as first_owner_loan,
    (select avg((firm_none and owner_none)::int) from then_) as first_neither,
    (select sum(outstanding) filter (days_past_due > 90) / sum(outstanding) from book) as npl,
    (select avg(bad::int) from outcome) as bad_12m,
    (select avg((queries <= 8)::int) from owner_now) as owner_queries,
    (select avg((coalesce(card_use, 0) <= 0.7)::int) from owner_now) as card_use,
    (select avg((lenders <= 2)::int) from firm_now) as other_lenders,
    (select avg((tax >= 5000)::int) from tax) as tax_paid,
    (select avg((grade in ('A', 'B', 'M'))::int) from grade) as tax_grade,
    (select avg((lines >= 100 and received >= 2000000)::int) from year) as settles
"""

SIZES = (50_000, 100_000, 200_000, 500_000, 1_000_000, 3_000_000)
"""Upper ends of the bands of loan sizes, in yuan."""


def find(drop: Path) -> tuple[Finding, ...]:
    """Each fact with the drop's figure. Raises `DropNotUsable`."""
    with open_drop(drop, NEEDED) as connection:
        try:
            result = connection.execute(_QUERY)
            names = [column[0] for column in result.description or ()]
            row = dict(zip(names, result.fetchone() or (), strict=True))
        except duckdb.Error as error:
            raise DropNotUsable(value=drop, why=first_line(error)) from error
    row["npl_webank"] = row["npl_ccb"] = row["npl"]
    return tuple(_finding(fact, row[fact.key]) for fact in FACTS)


def sizes(drop: Path) -> tuple[int, ...]:
    """Loans by band of SIZES, and those above the last."""
    with open_drop(drop, NEEDED) as connection:
        amounts = connection.execute("select principal::double from loans").fetchall()
    found = [0] * (len(SIZES) + 1)
    for (amount,) in amounts:
        found[sum(amount >= limit for limit in SIZES)] += 1
    return tuple(found)


def _finding(fact: Fact, ours: object) -> Finding:
    if ours is None:
        return Finding(fact, None, "nothing to count")
    value = float(str(ours))
    if fact.least is None or fact.most is None:
        return Finding(fact, value, "no published share")
    if fact.least <= value <= fact.most:
        return Finding(fact, value, "as published" if fact.least == fact.most else "within")
    gap = fact.least - value if value < fact.least else value - fact.most
    edge = fact.least if value < fact.least else fact.most
    share = fact.unit == "share" and fact.most > NEAR_POINTS
    near = gap <= NEAR_POINTS if share else 1 / NEAR <= value / edge <= NEAR if edge else False
    side = "below" if value < fact.least else "above"
    return Finding(fact, value, f"near, {side}" if near else side)
