"""What differs between two cards."""

from __future__ import annotations

from dataclasses import dataclass, fields

from kuaidai.risk.scorecards.card import Grade, Scorecard
from kuaidai.risk.scorecards.characteristics import Characteristic
from kuaidai.risk.scorecards.segments.card import SegmentedScorecard


@dataclass(frozen=True)
class Difference:
    """One line: where (a feature, a setting), what, and its value on either card ('' where it has none)."""

    where: str
    what: str
    before: str
    after: str


def differences(before: Scorecard, after: Scorecard) -> tuple[Difference, ...]:
    """Features gained and lost, bins, points and coefficients that moved, grades, calibration, settings."""
    found = [*_settings(before, after), *_head(before, after)]
    old = {c.name: c for c in before.characteristics}
    new = {c.name: c for c in after.characteristics}
    found += [Difference(name, "feature", "on the card", "") for name in old if name not in new]
    found += [Difference(name, "feature", "", "on the card") for name in new if name not in old]
    for name in old:
        if name in new:
            found += _moved(old[name], new[name])
    return tuple(found)


def segmented_differences(
    before: Scorecard | SegmentedScorecard, after: Scorecard | SegmentedScorecard
) -> tuple[Difference, ...]:
    """The same where either card is segmented: the segmentation, then segment by segment.

    A card without segments is held against every card of the other.
    """
    old, new = _parts(before), _parts(after)
    found = [Difference("segments", "segmentation", _rule(before), _rule(after))]
    found = [each for each in found if each.before != each.after]
    for name in dict.fromkeys(name for name in (*old, *new) if name):
        one, other = old.get(name, old.get("")), new.get(name, new.get(""))
        if one is None or other is None:
            found.append(Difference(name, "segment", *(("there", "") if one else ("", "there"))))
        else:
            found += [
                Difference(f"{name}: {each.where}", each.what, each.before, each.after)
                for each in differences(one, other)
            ]
    return tuple(found)


def _parts(card: Scorecard | SegmentedScorecard) -> dict[str, Scorecard]:
    if isinstance(card, Scorecard):
        return {"": card}
    return dict(zip(card.segmentation.names, card.cards, strict=True))


def _rule(card: Scorecard | SegmentedScorecard) -> str:
    if isinstance(card, Scorecard):
        return "none"
    rule = card.segmentation
    takes = [
        f"{s.name} = {', '.join(s.values)}" if s.values else f"{s.name} = [{s.least}, {s.below})"
        for s in rule.segments
    ]
    return f"by {rule.column}: {'; '.join(takes)}; unknown: {rule.unknown}"


def _settings(before: Scorecard, after: Scorecard) -> list[Difference]:
    found = []
    for field in fields(before.config):
        if field.name in ("features", "bands"):
            continue
        pair = [str(getattr(card.config, field.name)) for card in (before, after)]
        if pair[0] != pair[1]:
            found.append(Difference("settings", field.name, *pair))
    return found


def _head(before: Scorecard, after: Scorecard) -> list[Difference]:
    found = []
    for what, *pair in (
        ("base points", str(before.base_points), str(after.base_points)),
        ("development rows", str(before.provenance.rows), str(after.provenance.rows)),
        ("data fingerprint", _short(before), _short(after)),
        ("calibration", before.calibration.method, after.calibration.method),
    ):
        if pair[0] != pair[1]:
            found.append(Difference("card", what, *pair))
    old, new = ({g.grade: g for g in card.grades} for card in (before, after))
    for name in dict.fromkeys([*old, *new]):
        sides = [_grade(grades.get(name)) for grades in (old, new)]
        if sides[0] != sides[1]:
            found.append(Difference(f"grade {name}", "least score, PD", *sides))
    return found


def _short(card: Scorecard) -> str:
    return card.provenance.data_fingerprint[:12]


def _grade(grade: Grade | None) -> str:
    if grade is None:
        return ""
    return f"{'–' if grade.min_score is None else grade.min_score}, {grade.pd:.4%}"


def _moved(before: Characteristic, after: Characteristic) -> list[Difference]:
    found = []
    pair = [f"{c.coefficient or 0:.6f}" for c in (before, after)]
    if pair[0] != pair[1]:
        found.append(Difference(before.name, "coefficient", *pair))
    old, new = ({a.bin.label: a.points for a in c.attributes} for c in (before, after))
    for label in dict.fromkeys([*old, *new]):
        sides = ["" if label not in side else str(side[label]) for side in (old, new)]
        if sides[0] != sides[1]:
            found.append(Difference(before.name, f"points of {label}", *sides))
    return found
