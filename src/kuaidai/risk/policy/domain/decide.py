"""Facts in, decision with reasons out. Pure: the same arguments give an equal decision."""

from __future__ import annotations

from decimal import Decimal

from kuaidai.kernel.money import ZERO, money_text
from kuaidai.risk.policy.domain.admission import Evaluation, evaluate
from kuaidai.risk.policy.domain.content import PolicyContent
from kuaidai.risk.policy.domain.decision import (
    Decision,
    Outcome,
    Reason,
    RuleHit,
    Severity,
)
from kuaidai.risk.policy.domain.facts import DecisionFacts
from kuaidai.risk.policy.domain.limit import Limit, limit_of
from kuaidai.risk.policy.domain.price import Price, price_of
from kuaidai.risk.policy.domain.wording import percent
from kuaidai.risk.scorecards import ScoreResult
from kuaidai.risk.scorecards.segments import AnyScorecard

_SCORE_CODES = ("SCORE_TOO_LOW", "SCORE_BORDERLINE")


def decide(facts: DecisionFacts, *, policy: PolicyContent, scorecard: AnyScorecard) -> Decision:
    """Admission, score, price, limit, outcome.

    A missing required source always refers: what the platforms did not say is never held against the
    applicant. Otherwise any declining rule declines, any referring rule refers, and the rest is
    approved if the limit reaches the policy's least. Raises `FactsIncomplete`, and the scorecard's own
    refusals.
    """
    scored = scorecard.score(facts.features)
    found = evaluate(policy, facts, score=scored.score, grade=scored.grade)
    price = price_of(found, grade=scored.grade, grade_pd=scored.grade_pd)
    limit = limit_of(facts, found, grade=scored.grade, annual_rate=price.annual_rate)
    hits = (*found.hits, *_money_hits(limit, price, found))
    outcome = _outcome(hits, facts)
    return Decision(
        outcome=outcome,
        limit=ZERO if outcome is Outcome.DECLINED else limit.amount,
        annual_rate=price.annual_rate,
        score=scored.score,
        grade=scored.grade,
        pd=scored.pd,
        grade_pd=scored.grade_pd,
        base_points=scored.base_points,
        points=scored.points,
        rule_hits=hits,
        limit_breakdown=limit.terms,
        price_breakdown=price.terms,
        reasons=_reasons(outcome, hits, limit, scored),
        scorecard_version=f"{scored.scorecard}@{scored.version_hash[:12]}",
        policy_version=policy.label,
    )


def _money_hits(limit: Limit, price: Price, found: Evaluation) -> tuple[RuleHit, ...]:
    hits = []
    least: Decimal = found.limit["least"]
    turned_down = any(hit.severity is Severity.DECLINE for hit in found.hits)
    if limit.amount < least and not turned_down:
        cause = limit.binding
        hits.append(
            RuleHit(
                "LIMIT_TOO_SMALL", Severity.DECLINE, money_text(limit.amount), money_text(least),
                f"The limit comes to {money_text(limit.amount)} because of:"
                f" {cause.title_en.lower()} ({cause.note or 'as calculated'});"
                f" at least {money_text(least)} is needed.",
                f"受“{cause.title_zh}”（{cause.note_zh or '测算结果'}）限制，可贷额度为"
                f" {money_text(limit.amount)}，低于最低额度 {money_text(least)}。",
                "limit",
            )
        )  # fmt: skip
    if not price.covers_cost:
        hits.append(
            RuleHit(
                "PRICE_ABOVE_CAP", Severity.REFER, percent(price.floor, 4), percent(price.cap, 4),
                f"Expected loss and cost need a rate of {percent(price.floor)}; at most"
                f" {percent(price.cap)} may be charged.",
                f"覆盖预期损失与成本所需利率为 {percent(price.floor)}，高于利率上限"
                f" {percent(price.cap)}。",
                "price",
            )
        )  # fmt: skip
    return tuple(hits)


def _outcome(hits: tuple[RuleHit, ...], facts: DecisionFacts) -> Outcome:
    severities = {hit.severity for hit in hits}
    if facts.missing_sources:
        return Outcome.REFERRED
    if Severity.DECLINE in severities:
        return Outcome.DECLINED
    return Outcome.REFERRED if Severity.REFER in severities else Outcome.APPROVED


def _reasons(
    outcome: Outcome, hits: tuple[RuleHit, ...], limit: Limit, scored: ScoreResult
) -> tuple[Reason, ...]:
    if outcome is Outcome.APPROVED:
        term = limit.binding
        return (
            Reason(
                f"LIMIT_{term.code}",
                f"The limit is {money_text(limit.amount)}, fixed by:"
                f" {term.title_en.lower()} ({term.note}).",
                f"额度为 {money_text(limit.amount)}，由“{term.title_zh}”（{term.note_zh}）确定。",
            ),
        )
    wanted = Severity.DECLINE if outcome is Outcome.DECLINED else Severity.REFER
    chosen = [hit for hit in hits if hit.severity is wanted]
    reasons = [Reason(hit.code, hit.text_en, hit.text_zh) for hit in chosen]
    if any(hit.code in _SCORE_CODES for hit in chosen):
        reasons += [
            Reason(
                f"SCORE_{lost.feature.upper()}",
                f"It lowered the score: {lost.en}.",
                f"影响评分的因素：{lost.zh}。",
            )
            for lost in scored.reasons
        ]
    return tuple(reasons)
