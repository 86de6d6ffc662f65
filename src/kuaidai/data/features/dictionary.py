"""The data dictionary as a page: every feature with its meaning, family by family."""

from __future__ import annotations

from itertools import groupby

from kuaidai.data.features.catalogue import catalog
from kuaidai.data.features.spec import FeatureSpec

_RISK = {"higher_is_riskier": "↑ riskier", "lower_is_riskier": "↓ riskier", "none": "—"}
_HEAD = "| feature | title | 中文 | sources | window | unit | direction of risk | missing means |"


def markdown() -> str:
    """The dictionary in Markdown, as `kuaidai features catalog --markdown` prints it."""
    specs = sorted(catalog(), key=lambda spec: spec.family)
    lines = [
        "# Feature dictionary",
        "",
        f"{len(specs)} features in {len({spec.family for spec in specs})} families. "
        "Printed by `kuaidai features catalog --markdown`.",
    ]
    for family, members in groupby(specs, key=lambda spec: spec.family):
        lines += ["", f"## {family}", "", _HEAD, "|---" * 8 + "|", *map(_row, members)]
    return "\n".join(lines)


def _row(spec: FeatureSpec) -> str:
    cells = (
        f"`{spec.name}`", spec.title_en, spec.title_zh, ", ".join(spec.sources), spec.window,
        spec.unit, _RISK[spec.direction], f"{spec.missing_en} {spec.missing_zh}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"
