"""Platform data: acquiring, customs, core enterprises' orders, procurement, insurance and utilities."""

from __future__ import annotations

import ibis

from kuaidai.data.features.rollups import Rollup, grouped
from kuaidai.data.features.spec import NEUTRAL, RISKIER, SAFER, Family, FeatureSpec, Tables
from kuaidai.data.features.windows import aged, known_before, number, ratio, whole_months


def _specs(
    source: str, missing: tuple[str, str], rows: tuple[tuple[str, str, str, str, str, str], ...]
) -> tuple[FeatureSpec, ...]:
    """Specs of one source: (name, title, Chinese title, window, unit, direction) each."""
    family = Family("platform_data", (source,), *missing)
    return tuple(family.spec(*row) for row in rows)  # type: ignore[arg-type]


SPECS: tuple[FeatureSpec, ...] = (
    *_specs(
        "pos_settlements",
        ("No acquiring here in the window.", "窗口期内无收单结算。"),
        (
            ("pos_net_monthly_mean_12m", "Acquiring a month net of refunds, 12 months",
             "近12个月月均收单净额", "12m", "CNY", SAFER),
            ("pos_net_monthly_mean_3m", "Acquiring a month net of refunds, 3 months",
             "近3个月月均收单净额", "3m", "CNY", SAFER),
            ("pos_trend_3m_12m", "Acquiring of 3 months against 12",
             "近3个月与12个月收单之比", "12m", "ratio", SAFER),
            ("pos_refund_share_6m", "Refunds against acquiring, 6 months",
             "近6个月退款占比", "6m", "share", RISKIER),
            ("pos_active_months_12m", "Months with acquiring, 12 months",
             "近12个月有收单月数", "12m", "months", SAFER),
            ("pos_code_share_6m", "Share of code payments, 6 months",
             "近6个月扫码占比", "6m", "share", NEUTRAL),
        ),
    ),
    *_specs(
        "customs_declarations",
        ("Nothing declared in the window.", "窗口期内无报关。"),
        (
            ("exports_12m", "Exports declared, 12 months",
             "近12个月出口报关额", "12m", "CNY", SAFER),
            ("export_declarations_12m", "Export declarations, 12 months",
             "近12个月出口报关单数", "12m", "count", SAFER),
            ("export_growth_6m", "Exports of 6 months against the 6 before",
             "近6个月与前6个月出口之比", "12m", "ratio", SAFER),
            ("months_since_export", "Months since the last export",
             "距最近出口月数", "24m", "months", RISKIER),
        ),
    ),
    *_specs(
        "core_enterprise_orders",
        ("No order of a core enterprise in the window.", "窗口期内无核心企业订单。"),
        (
            ("core_confirmed_12m", "Payables confirmed by core enterprises, 12 months",
             "近12个月核心企业确权金额", "12m", "CNY", SAFER),
            ("core_unpaid_confirmed", "Confirmed and not yet paid",
             "已确权未付金额", "latest", "CNY", NEUTRAL),
            ("core_overdue_share", "Share of it past its due date",
             "已确权未付中逾期占比", "latest", "share", RISKIER),
            ("core_paid_late_share_12m", "Share of orders paid late, 12 months",
             "近12个月核心企业逾期付款占比", "12m", "share", RISKIER),
            ("core_top1_share_12m", "Share of the largest core enterprise, 12 months",
             "第一大核心企业占比", "12m", "share", RISKIER),
            ("core_relation_months", "Months since the first order",
             "与核心企业合作月数", "ever", "months", SAFER),
        ),
    ),
    *_specs(
        "procurement_awards",
        ("No award in the window.", "窗口期内无政府采购中标。"),
        (
            ("awards_24m", "Procurement awards, 24 months",
             "近24个月中标次数", "24m", "count", SAFER),
            ("awards_amount_24m", "Procurement awarded, 24 months",
             "近24个月中标金额", "24m", "CNY", SAFER),
            ("awards_unperformed", "Awarded and not yet due to be performed",
             "未到履约期限的中标金额", "latest", "CNY", NEUTRAL),
        ),
    ),
    *_specs(
        "social_insurance_months",
        ("No contribution known in the window.", "窗口期内无社保缴纳记录。"),
        (
            ("insured_heads_latest", "Insured employees in the last month known",
             "最近月参保人数", "latest", "heads", SAFER),
            ("insured_heads_trend_6m", "Insured employees against 6 months before",
             "参保人数较6个月前", "7m", "ratio", SAFER),
            ("insurance_paid_to_due_12m", "Contributions paid against due, 12 months",
             "近12个月社保实缴与应缴之比", "12m", "ratio", SAFER),
            ("insurance_unpaid_months_12m", "Months not fully paid, 12 months",
             "近12个月社保欠缴月数", "12m", "months", RISKIER),
        ),
    ),
    *_specs(
        "utilities",
        ("No bill known in the window.", "窗口期内无水电气账单。"),
        (
            ("electricity_yoy_3m", "Electricity of 3 months against a year before",
             "近3个月用电同比", "15m", "ratio", SAFER),
            ("electricity_trend_3m_12m", "Electricity of 3 months against 12",
             "近3个月与12个月用电之比", "12m", "ratio", SAFER),
            ("late_utility_bills_12m", "Utility bills paid late, 12 months",
             "近12个月水电气逾期缴费次数", "12m", "count", RISKIER),
        ),
    ),
)  # fmt: skip


def monthly_acquiring(settlements: ibis.Table) -> ibis.Table:
    """One row per firm and month: money of card and code payments."""
    p = settlements
    return p.group_by(grouped(p, "uscc", "month")).agg(
        amount=number(p.amount.sum()),
        refunds=number(p.refunds.sum()),
        by_code=number(p.amount.sum(where=p.channel == "code").fill_null(0)),
    )


def monthly_exports(declarations: ibis.Table) -> ibis.Table:
    """One row per firm and month with exports."""
    d = declarations.filter(declarations.direction == "export")
    return d.group_by(grouped(d, "uscc", "month")).agg(
        exported=number(d.amount.sum()), declared=d.count()
    )


ACQUIRING = Rollup("monthly_acquiring", "pos_settlements", monthly_acquiring)
EXPORTS = Rollup("monthly_exports", "customs_declarations", monthly_exports)


def _acquiring(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    m = aged(subjects, ACQUIRING.of(tables), key="uscc", oldest=12)
    m = m.mutate(net=m.amount - m.refunds)
    half, quarter = m.age <= 6, m.age <= 3
    s = m.group_by("subject").agg(
        pos_net_monthly_mean_12m=m.net.sum() / 12,
        pos_net_monthly_mean_3m=m.net.sum(where=quarter).fill_null(0.0) / 3,
        pos_active_months_12m=m.count(where=m.amount > 0),
        _amount=m.amount.sum(where=half),
        _refunds=m.refunds.sum(where=half),
        _code=m.by_code.sum(where=half),
    )
    return s.mutate(
        pos_trend_3m_12m=ratio(s.pos_net_monthly_mean_3m, s.pos_net_monthly_mean_12m),
        pos_refund_share_6m=ratio(s["_refunds"], s["_amount"]),
        pos_code_share_6m=ratio(s["_code"], s["_amount"]),
    ).drop("_amount", "_refunds", "_code")


def _customs(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    m = aged(subjects, EXPORTS.of(tables), key="uscc")
    year, half = m.age <= 12, m.age <= 6
    s = m.group_by("subject").agg(
        exports_12m=m.exported.sum(where=year).fill_null(0.0),
        export_declarations_12m=m.declared.sum(where=year).fill_null(0),
        months_since_export=m.age.min(),
        _recent=m.exported.sum(where=half).fill_null(0.0),
        _before=m.exported.sum(where=year & ~half).fill_null(0.0),
    )
    return s.mutate(export_growth_6m=ratio(s["_recent"], s["_before"])).drop("_recent", "_before")


def _orders(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    """One row per subject and order, with the days on which it was confirmed and paid."""
    k = known_before(subjects, tables["core_enterprise_orders"], key="uscc", dated="event_on")
    confirmed, paid = k.event == "confirmed", k.event == "paid"
    return k.group_by(["subject", "observed_on", "cut", "order_no", "core_uscc"]).agg(
        first_on=k.event_on.min(),
        confirmed_on=k.event_on.max(where=confirmed),
        amount=number(k.amount.max(where=confirmed)),
        due_on=k.due_on.max(where=confirmed),
        paid_on=k.event_on.max(where=paid),
        returned=k.count(where=k.event == "returned") > 0,
    )


def _core_enterprises(subjects: ibis.Table, tables: Tables) -> tuple[ibis.Table, ibis.Table]:
    o = _orders(subjects, tables)
    within = o.confirmed_on >= o.observed_on - ibis.interval(months=12)
    unpaid = o.confirmed_on.notnull() & o.paid_on.isnull() & ~o.returned
    settled = o.paid_on >= o.observed_on - ibis.interval(months=12)
    s = o.group_by("subject").agg(
        core_confirmed_12m=o.amount.sum(where=within).fill_null(0.0),
        core_unpaid_confirmed=o.amount.sum(where=unpaid).fill_null(0.0),
        _overdue=o.amount.sum(where=unpaid & (o.due_on < o.observed_on)).fill_null(0.0),
        _late=o.count(where=settled & (o.paid_on > o.due_on)) * 1.0,
        _settled=o.count(where=settled),
        core_relation_months=whole_months(o.first_on, o.observed_on).max(),
    )
    by_core = o.filter(within).group_by(["subject", "core_uscc"]).agg(amount=o.amount.sum())
    top = by_core.group_by("subject").agg(_most=by_core.amount.max(), _all=by_core.amount.sum())
    standing = s.mutate(
        core_overdue_share=ratio(s["_overdue"], s.core_unpaid_confirmed),
        core_paid_late_share_12m=ratio(s["_late"], s["_settled"]),
    ).drop("_overdue", "_late", "_settled")
    return standing, top.select("subject", core_top1_share_12m=ratio(top["_most"], top["_all"]))


def _procurement(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    k = known_before(subjects, tables["procurement_awards"], key="uscc", dated="awarded_on")
    k = k.filter(k.awarded_on >= k.observed_on - ibis.interval(months=24))
    return k.group_by("subject").agg(
        awards_24m=k.count(),
        awards_amount_24m=number(k.amount.sum()),
        awards_unperformed=number(k.amount.sum(where=k.performed_by >= k.observed_on).fill_null(0)),
    )


def _known_months(
    subjects: ibis.Table, months: ibis.Table, *, oldest: int, alike: tuple[str, ...] = ()
) -> ibis.Table:
    """Months known before the observation; `back` counts from 0, the newest of those `alike`."""
    m = aged(subjects, months, key="uscc", oldest=oldest)
    m = m.filter(m.known_on < m.observed_on)
    return m.mutate(back=m.age - m.age.min().over(ibis.window(group_by=["subject", *alike])))


def _social_insurance(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    m = _known_months(subjects, tables["social_insurance_months"], oldest=15)
    s = m.group_by("subject").agg(
        insured_heads_latest=m.insured_heads.max(where=m.back == 0),
        _before=m.insured_heads.max(where=m.back == 6),
        _due=number(m.due.sum(where=m.back < 12)),
        _paid=number(m.paid.sum(where=m.back < 12)),
        insurance_unpaid_months_12m=m.count(where=(m.back < 12) & (m.paid < m.due)),
    )
    return s.mutate(
        insured_heads_trend_6m=ratio(s.insured_heads_latest * 1.0, s["_before"]),
        insurance_paid_to_due_12m=ratio(s["_paid"], s["_due"]),
    ).drop("_before", "_due", "_paid")


def _utilities(subjects: ibis.Table, tables: Tables) -> ibis.Table:
    m = _known_months(subjects, tables["utilities"], oldest=18, alike=("kind",))
    power = m.kind == "electricity"
    s = m.group_by("subject").agg(
        _quarter=m.used.sum(where=power & (m.back < 3)).fill_null(0.0),
        _year_ago=m.used.sum(where=power & (m.back >= 12) & (m.back < 15)),
        _year=m.used.sum(where=power & (m.back < 12)),
        late_utility_bills_12m=m.count(where=(m.back < 12) & (m.late_days > 0)),
    )
    return s.mutate(
        electricity_yoy_3m=ratio(s["_quarter"], s["_year_ago"]),
        electricity_trend_3m_12m=ratio(s["_quarter"] / 3, s["_year"] / 12),
    ).drop("_quarter", "_year_ago", "_year")


def parts(subjects: ibis.Table, tables: Tables) -> tuple[ibis.Table, ...]:
    """Tables of this family's features, keyed by `subject`."""
    return (
        _acquiring(subjects, tables),
        _customs(subjects, tables),
        *_core_enterprises(subjects, tables),
        _procurement(subjects, tables),
        _social_insurance(subjects, tables),
        _utilities(subjects, tables),
    )
