"""What a scorecard was made from, as lines for the screen."""

from __future__ import annotations

from kuaidai.risk.scorecards.artefact import SCHEMA
from kuaidai.risk.scorecards.card import Scorecard


def provenance_lines(card: Scorecard) -> list[tuple[str, str]]:
    """Name and value of everything the card's provenance says, its edits by hand last."""
    made = card.provenance
    lines = [
        ("schema", SCHEMA),
        ("version hash", card.version_hash),
        *made.notes,
        ("rows", f"{made.rows} ({made.goods:g} good, {made.bads:g} bad)"),
        ("target", made.target),
        ("weight", made.weight or "none"),
        ("offset", made.offset or "none"),
        ("data fingerprint", made.data_fingerprint),
        ("parameter fingerprint", made.config_fingerprint),
        ("libraries", ", ".join(f"{name} {number}" for name, number in made.libraries)),
    ]
    for c in (*card.characteristics, *card.rejected):
        lines += [
            (f"edit of {c.name}", f"{e.action} {e.detail}, by {e.by}: {e.why}")
            for e in c.binning.edits
        ]
    return lines
