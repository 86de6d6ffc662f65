"""The model card: what a card is for, what it was made from, how it does and where it ends.

Sections follow Mitchell et al., "Model Cards for Model Reporting" (2019), with what the rules on
internet loans of commercial banks ask a bank to be able to show about a risk model: purpose,
data, method, validation, limits and who answers for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from kuaidai.kernel.pages import render_page
from kuaidai.risk.scorecards.card import Scorecard
from kuaidai.risk.scorecards.segments import AnyScorecard
from kuaidai.risk.scorecards.segments.validation import SegmentedValidation
from kuaidai.risk.scorecards.validation import ValidationReport


@dataclass(frozen=True)
class IntendedUse:
    """What people decide about a card and no data can tell; an empty text shows as "not stated".

    Where `purpose` and `author` are empty they are those in the card's provenance, if it has them.
    """

    purpose: str = ""
    population: str = ""
    not_for: str = ""
    owner: str = ""
    author: str = ""

    def of(self, card: AnyScorecard) -> IntendedUse:
        """This, with what the card's own provenance says where nothing else was said."""
        made = card if isinstance(card, Scorecard) else card.cards[0]
        noted = dict(made.provenance.notes)
        return replace(
            self,
            purpose=self.purpose or noted.get("purpose", ""),
            author=self.author or noted.get("author", ""),
        )


def render_model_card(report: ValidationReport, use: IntendedUse) -> str:
    """One HTML page in both languages that needs nothing else; figures are those of `report`."""
    return render_page(
        "kuaidai.risk.scorecards",
        "model_card.html.j2",
        report=report,
        card=report.scorecard,
        judged=report.oot or report.train,
        use=use.of(report.scorecard),
    )


def render_segmented_model_card(whole: SegmentedValidation, use: IntendedUse) -> str:
    """The same of a segmented scorecard: the whole, then each segment's card."""
    own = use.of(whole.scorecard)
    return render_page(
        "kuaidai.risk.scorecards", "segmented_model_card.html.j2", whole=whole, use=own
    )


def write_model_card(
    report: ValidationReport | SegmentedValidation, use: IntendedUse, path: Path | str
) -> None:
    """Write the model card to `path`."""
    Path(path).write_text(
        render_segmented_model_card(report, use)
        if isinstance(report, SegmentedValidation)
        else render_model_card(report, use),
        encoding="utf-8",
    )
