"""Growing a challenger by a plan file, and judging it beside a card."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kuaidai.interfaces.cli.scorecard_files import counting, open_data, read_card, require_folders
from kuaidai.kernel.errors import Refusal

if TYPE_CHECKING:
    from kuaidai.risk.scorecards.card import Scorecard
    from kuaidai.risk.scorecards.challenger_comparison import ChallengerComparison
    from kuaidai.risk.scorecards.plan import FitPlan


class NothingToJudgeOn(Refusal):
    """The plan names no sample that card and challenger could be judged on."""

    code = "CHALLENGE_WITHOUT_RECENT_SAMPLE"
    en = (
        "{plan} names no recent sample. On the rows they were grown from trees always look better: "
        "put later rows aside and name them as recent in [data]."
    )
    zh = "{plan} 未指定 recent 样本。树模型在训练样本上总是显得更好：请预留较晚的样本，并在 [data] 中以 recent 指定。"


class OtherTarget(Refusal):
    """Card and plan are about different outcomes."""

    code = "CHALLENGE_OF_ANOTHER_TARGET"
    en = "{card} was fitted to {fitted}, the plan's target is {target}; compare like with like."
    zh = "{card} 的目标字段为 {fitted}，而方案的目标字段为 {target}；两者须一致。"


class OffsetNotChallenged(Refusal):
    """The plan has an offset, which the trees could not be told."""

    code = "CHALLENGE_WITH_OFFSET"
    en = (
        "{plan} has the offset {offset}, and scikit-learn's boosted trees take none: grown without it "
        "they would blame the features for what the offset stands for. Challenge a card fitted without it."
    )
    zh = (
        "{plan} 设有偏移量 {offset}，而 scikit-learn 的提升树不支持偏移量：忽略它会把其影响错误地归于各变量。"
        "请以不含偏移量的评分卡进行比较。"
    )


class SegmentsNotChallenged(Refusal):
    """The plan is of several cards; a challenger stands beside one."""

    code = "CHALLENGE_OF_SEGMENTS"
    en = (
        "{plan} is of segments by {column}; a challenger stands beside one card. Challenge each segment's "
        "card by a plan of its own rows, or one card that has {column} among its features."
    )
    zh = (
        "{plan} 按 {column} 划分客群，而挑战者模型只与单一评分卡比较。请按客群分别设立方案，"
        "或使用以 {column} 为变量的单一评分卡。"
    )


def challenge(
    plan: Annotated[
        Path,
        typer.Argument(help="The TOML file that the card was fitted by, with a recent sample."),
    ],
    *,
    card: Annotated[Path, typer.Option(help="The scorecard to challenge.")],
    out: Annotated[Path | None, typer.Option(help="Where the challenger (JSON) goes.")] = None,
    report: Annotated[Path | None, typer.Option(help="Where the HTML report goes.")] = None,
    approve: Annotated[
        float, typer.Option(help="The share that either approves, for the swap set.")
    ] = 0.8,
    rounds: Annotated[
        int, typer.Option(min=1, help="The most trees; cross-validation stops earlier.")
    ] = 600,
    rows: Annotated[
        int, typer.Option(min=1, help="The most rows in memory; of more an even sample is taken.")
    ] = 200_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Grow boosted trees on a plan's features and judge them beside a card on the recent sample."""
    from kuaidai.risk.scorecards.challenger_fitting import BoostingSettings
    from kuaidai.risk.scorecards.challenger_report import write_comparison
    from kuaidai.risk.scorecards.plan import read_plan

    require_folders(out, report)
    read = read_plan(plan)
    if read.recent is None:
        raise NothingToJudgeOn(plan=plan)
    if read.segments:
        raise SegmentsNotChallenged(plan=plan, column=read.segments.column)
    if read.offset:
        raise OffsetNotChallenged(plan=plan, offset=read.offset)
    loaded = read_card(card)
    if loaded.provenance.target != read.target:
        raise OtherTarget(card=card, fitted=loaded.provenance.target, target=read.target)
    settings = BoostingSettings(most_rounds=rounds, most_rows=rows)
    found = _judged(read, read.recent, loaded, settings, approve, quiet=as_json)
    if out is not None:
        out.write_text(found.model.to_json(), encoding="utf-8")
    if report is not None:
        write_comparison(found, report)
    if as_json:
        files = {
            "out": None if out is None else str(out),
            "report": str(report) if report else None,
        }
        typer.echo(json.dumps({**found.to_dict(), **files}, ensure_ascii=False))
        return
    _tell(found)


def _judged(
    plan: FitPlan, recent: Path, card: Scorecard, settings: Any, approve: float, *, quiet: bool
) -> ChallengerComparison:
    from kuaidai.risk.scorecards.challenger_comparison import compare
    from kuaidai.risk.scorecards.challenger_fitting import (
        even_sample,
        fit_challenger,
        with_trends_of,
    )

    config = with_trends_of(card, plan.config)
    train, later = open_data(plan.train), open_data(recent)
    wanted = list(dict.fromkeys([plan.target, *card.features, *(f.name for f in config.features)]))
    judged = even_sample(later, wanted, settings.most_rows, settings.seed)
    with counting(settings.most_rounds, of="rounds", quiet=quiet) as told:
        model = fit_challenger(
            train,
            target=plan.target,
            config=config,
            weight=plan.weight,
            settings=settings,
            progress=told,
        )
    return compare(card, model, judged, plan.target, approved=approve, sample=recent.name)


def _tell(found: ChallengerComparison) -> None:
    for name, side in (("card", found.card), ("challenger", found.challenger)):
        auc = side.auc
        typer.echo(
            f"{name:<11} {found.rows} rows, {found.bads} bads, AUC {auc.auc:.4f} "
            f"({auc.low:.4f} – {auc.high:.4f}), KS {side.ks:.4f}, Brier {side.brier:.4f}"
        )
    gap = found.difference
    typer.echo(
        f"difference  AUC {gap.difference:+.4f}, standard error {gap.error:.4f}, "
        f"DeLong p = {gap.p_value:.4f}"
    )
    _, swapped_out, swapped_in, _ = found.swapped.cells
    if swapped_in.rows:
        typer.echo(
            f"swap set    at {found.approved:.0%} approved {swapped_in.rows} in "
            f"(bad rate {swapped_in.bad_rate:.1%}), {swapped_out.rows} out "
            f"({swapped_out.bad_rate:.1%})"
        )
    if found.model.provenance.rows < found.model.provenance.rows_given:
        grown = found.model.provenance
        typer.echo(f"grown from an even sample of {grown.rows} of {grown.rows_given} rows")


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (("challenge", challenge),)
