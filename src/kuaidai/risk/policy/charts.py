"""Charts of an invoice book's plan: aggregates only, as SVG."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import altair as alt
import pandas as pd
import vl_convert

from kuaidai.risk.policy.batch import BatchResult
from kuaidai.risk.policy.domain.allocation import expected_margin
from kuaidai.risk.policy.domain.invoice_book import Terms
from kuaidai.risk.policy.domain.lending_plan import ChurnTable, grouped

BLUE, RED, GREY, GREEN = "#2a78b5", "#c8553d", "#8895a3", "#3a8f6b"
_MILLION = Decimal(1_000_000)


def _svg(chart: alt.Chart | alt.LayerChart) -> str:
    styled = (
        chart.configure(font="sans-serif", background="white")
        .configure_view(stroke=None)
        .configure_axis(gridColor="#e5e9ee", labelFontSize=11, titleFontSize=12)
        .configure_legend(orient="top", title=None, labelFontSize=12)
    )
    text: str = vl_convert.vegalite_to_svg(styled.to_dict())
    return text


def margin_by_rate(churn: ChurnTable, terms: Terms) -> str:
    """Expected profit per yuan offered against the rate, at three default probabilities, grade B."""
    rows = [
        {
            "rate": float(rate),
            "margin": float(
                expected_margin(
                    rate=rate,
                    pd=Decimal(pd_text),
                    loss_given_default=terms.loss_given_default,
                    cost=terms.cost,
                    churn=lost,
                )
            ),
            "pd": f"default probability {Decimal(pd_text):.0%}",
        }
        for pd_text in ("0.01", "0.04", "0.08")
        for rate, lost in churn["B"].items()
    ]
    base = alt.Chart(pd.DataFrame(rows), width=520, height=260)
    lines = base.mark_line(strokeWidth=2).encode(
        x=alt.X("rate:Q", title="annual rate", axis=alt.Axis(format=".0%"),
                scale=alt.Scale(domain=[0.04, 0.15])),
        y=alt.Y("margin:Q", title="expected profit per yuan offered", axis=alt.Axis(format=".1%")),
        color=alt.Color("pd:N", scale=alt.Scale(range=[BLUE, GREEN, RED])),
    )  # fmt: skip
    best = base.transform_window(
        rank="rank()", sort=[alt.SortField("margin", order="descending")], groupby=["pd"]
    ).transform_filter("datum.rank == 1")
    dots = best.mark_point(size=70, filled=True).encode(
        x="rate:Q", y="margin:Q", color=alt.Color("pd:N")
    )
    return _svg(lines + dots)


def granted_by_industry(result: BatchResult, titles: dict[str, str]) -> str:
    """Yuan granted per industry under each scenario."""
    rows = [
        {
            "industry": titles.get(group.name, group.name),
            "scenario": plan.scenario,
            "amount": float(group.amount / _MILLION),
        }
        for plan in result.plans
        for group in grouped(plan, lambda line: line.industry)
    ]
    chart = alt.Chart(pd.DataFrame(rows), width=460, height=alt.Step(11))
    return _svg(
        chart.mark_bar().encode(
            y=alt.Y("industry:N", title=None, sort="-x", axis=alt.Axis(labelLimit=260)),
            yOffset=alt.YOffset("scenario:N"),
            x=alt.X("amount:Q", title="granted, million yuan"),
            color=alt.Color("scenario:N", scale=alt.Scale(range=[BLUE, RED])),
        )
    )


def outcomes_by_grade(result: BatchResult) -> str:
    """Firms per predicted grade and outcome under each scenario."""
    rows = [
        {
            "scenario": plan.scenario,
            "grade": grade.name,
            "outcome": name,
            "firms": count,
        }
        for plan in result.plans
        for grade in grouped(plan, lambda line: line.grade)
        for name, count in (
            ("granted", grade.granted),
            ("not granted", grade.firms - grade.granted),
        )
    ]
    chart = alt.Chart(pd.DataFrame(rows), width=110, height=220)
    return _svg(
        chart.mark_bar().encode(
            x=alt.X("scenario:N", title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("firms:Q", title="firms"),
            color=alt.Color("outcome:N", scale=alt.Scale(range=[BLUE, "#d5dbe1"])),
            column=alt.Column("grade:N", title="predicted grade"),
        )
    )


def auc_spread(result: BatchResult) -> str:
    """AUC of each cross-validation repeat, with the mean and leave-one-out as rules."""
    assert result.validation is not None
    repeated = result.validation.repeated
    dots = alt.Chart(pd.DataFrame({"auc": list(repeated.aucs)}), width=520, height=70)
    marks = pd.DataFrame(
        [
            {"auc": repeated.auc, "what": f"mean of {repeated.method}: {repeated.auc:.3f}"},
            {
                "auc": result.validation.leave_one_out.auc,
                "what": f"leave-one-out: {result.validation.leave_one_out.auc:.3f}",
            },
        ]
    )
    scale = alt.Scale(domain=[repeated.low, repeated.high], nice=False)
    title = f"AUC (axis: 95% interval {repeated.low:.2f} to {repeated.high:.2f})"
    return _svg(
        dots.mark_tick(color=GREY, thickness=2, size=34).encode(
            x=alt.X("auc:Q", title=title, scale=scale)
        )
        + alt.Chart(marks)
        .mark_rule(strokeWidth=3)
        .encode(
            x=alt.X("auc:Q", scale=scale),
            color=alt.Color("what:N", scale=alt.Scale(range=[BLUE, RED])),
        )
    )


def write_charts(
    folder: Path, result: BatchResult, *, churn: ChurnTable, terms: Terms
) -> tuple[Path, ...]:
    """Write every chart into `folder`; returns the files."""
    titles = {industry.code: industry.title_en for industry in terms.industries}
    drawn = {
        "invoices-margin-by-rate.svg": margin_by_rate(churn, terms),
        "invoices-granted-by-industry.svg": granted_by_industry(result, titles),
        "invoices-outcomes-by-grade.svg": outcomes_by_grade(result),
    }
    if result.validation is not None:
        drawn["invoices-auc.svg"] = auc_spread(result)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, svg in drawn.items():
        path = folder / name
        path.write_text(svg, encoding="utf-8")
        written.append(path)
    return tuple(written)
