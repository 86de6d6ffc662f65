"""Binning: from the counts of fine classes to the bins of a feature, by rule or by hand.

Everything is worked out from the counts of one scan: rules are searched exactly (`engine.merging`), and a
bin that the modeller moves has its figures at once, without a look at the rows.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kuaidai.risk.scorecards.bins import category_bins, interval_bins, own_bins
from kuaidai.risk.scorecards.characteristics import (
    Attribute,
    Bin,
    BinKind,
    BinningRecord,
    Characteristic,
)
from kuaidai.risk.scorecards.columns import Floats, steady
from kuaidai.risk.scorecards.config import (
    FeatureConfig,
    Infeasible,
    Kind,
    MissingPolicy,
    ScorecardConfig,
    UnseenPolicy,
)
from kuaidai.risk.scorecards.engine.fine_classes import (
    CLASSES,
    MISSING,
    OTHER,
    FineClasses,
    next_steady,
)
from kuaidai.risk.scorecards.engine.merging import MergeRules, Shape, merge
from kuaidai.risk.scorecards.engine.scan import Counts, in_order
from kuaidai.risk.scorecards.errors import BadSetting, InfeasibleBins
from kuaidai.risk.scorecards.woe import information_value, weight_of_evidence

Groups = tuple[tuple[int, ...], ...]
_KNOWN_WELL = 20


@dataclass(frozen=True)
class FeatureCounts:
    """What one scan knows of a feature.

    `counts`: goods and bads by weight per fine class (256 × 2); `rows`: rows per class (256);
    `periods`: counts in each period (periods × 256 × 2; no periods: empty).
    """

    classes: FineClasses
    counts: Floats
    rows: Floats
    periods: Floats

    @staticmethod
    def of(scan: Counts, place: int) -> FeatureCounts:
        """The counts of the scan's feature at `place`."""
        periods = scan.periods[place] if scan.periods else np.empty((0, CLASSES, 2))
        return FeatureCounts(scan.classes[place], scan.counts[place], scan.seen[place], periods)

    def ordinary(self) -> list[int]:
        """Classes of ordinary values that hold rows: in value order, categories by their bad rates."""
        places = [int(p) for p in self.classes.ordinary_classes() if self.rows[p] > 0]
        if self.classes.feature.kind is Kind.CATEGORICAL:
            weight = np.maximum(self.counts.sum(axis=1), 1e-300)
            places.sort(key=lambda p: (self.counts[p, 1] / weight[p], self.classes.levels[p]))
        return places

    def rare(self) -> list[int]:
        """Categories with fewer rows than the feature's `other_share`, in the order of their names."""
        share = self.classes.feature.other_share
        if not share:
            return []
        order = self.ordinary()
        least = share * self.rows[order].sum()
        under = [place for place in order if self.rows[place] < least]
        return sorted(under, key=lambda place: self.classes.levels[place])


@dataclass(frozen=True)
class FeatureBinning:
    """A feature's ordinary bins as groups of fine classes, how they came about, and edits by hand.

    `missing_with`: number of the ordinary bin that missing values are counted with; `special_with`: the
    same for special codes, by label. `set_woe`: WOE given by hand, by attribute place.
    """

    counts: FeatureCounts
    groups: Groups
    record: BinningRecord
    config: ScorecardConfig
    missing_with: int | None = None
    special_with: tuple[tuple[str, int], ...] = ()
    set_woe: tuple[tuple[int, float], ...] = ()

    @property
    def feature(self) -> FeatureConfig:
        """The feature."""
        return self.counts.classes.feature

    @property
    def name(self) -> str:
        """The feature's name."""
        return self.feature.name

    def bins(self) -> tuple[Bin, ...]:
        """Ordinary bins, then special codes, missing, unseen."""
        ordinary = ordinary_bins(self.counts.classes, self.groups, rare=self._named_rare())
        return (*ordinary, *own_bins(self.feature))

    def _rare_place(self) -> int | None:
        """The ordinary bin that holds most of the rare categories; None where none are kept apart."""
        rare = set(self.counts.rare())
        held = [len(rare.intersection(group)) for group in self.groups]
        return held.index(max(held)) if rare and any(held) else None

    def _named_rare(self) -> int | None:
        place = self._rare_place()
        only = place is not None and set(self.groups[place]) <= set(self.counts.rare())
        return place if only else None

    def places(self) -> npt.NDArray[np.int64]:
        """The attribute place of each of the 256 codes (a code without rows: that of its interval)."""
        size = len(self.groups) + len(own_bins(self.feature))
        numeric = self.feature.kind is Kind.NUMERIC
        places = np.full(CLASSES, size - 1, dtype=np.int64)
        if numeric and self.groups:
            firsts = [group[0] for group in self.groups[1:]]
            whole = np.arange(self.counts.classes.size)
            places[: len(whole)] = np.searchsorted(firsts, whole, side="right")
        for place, group in enumerate(self.groups):
            places[list(group)] = place
        for at, (_, code) in enumerate(self.counts.classes.special_classes()):
            places[code] = len(self.groups) + at
        missing = size - 1 if numeric else size - 2
        places[MISSING] = missing
        if not numeric:
            places[OTHER] = size - 1
        return places

    def characteristic(self) -> Characteristic:
        """The binned feature with its counts, weights of evidence and information value."""
        everything = self.bins()
        places, size = self.places(), len(everything)
        rows: Floats = np.bincount(places, self.counts.rows, minlength=size).astype(np.float64)
        goods, bads = (
            np.bincount(places, self.counts.counts[:, side], minlength=size) for side in (0, 1)
        )
        joined = self._joined()
        for own, taking in joined.items():
            for of_bin in (rows, goods, bads):
                of_bin[taking] += of_bin[own]
                of_bin[own] = 0
        woe = weight_of_evidence(goods, bads, epsilon=self.config.epsilon)
        parts = information_value(goods, bads, epsilon=self.config.epsilon)
        attributes = tuple(
            Attribute(b, float(goods[i]), float(bads[i]), float(woe[i]), float(parts[i]))
            for i, b in enumerate(everything)
        )
        settled = _apply_policies(attributes, rows, self.feature, self.config, self._rare_place())
        settled = self._by_hand(settled, joined)
        return Characteristic(self.feature, settled, self.record, sum(a.iv for a in settled))

    def _joined(self) -> dict[int, int]:
        """Places of the own bins that are counted with an ordinary one, and of that one."""
        labels = [label for label, _ in self.feature.special]
        first = len(self.groups)
        joined = {first + labels.index(label): place for label, place in self.special_with}
        if self.missing_with is not None:
            joined[first + len(own_bins(self.feature)) - self._behind_missing()] = self.missing_with
        return joined

    def _behind_missing(self) -> int:
        return 1 if self.feature.kind is Kind.NUMERIC else 2

    def _by_hand(
        self, attributes: tuple[Attribute, ...], joined: dict[int, int]
    ) -> tuple[Attribute, ...]:
        changed = list(attributes)
        given = dict(self.set_woe)
        for place, woe in given.items():
            changed[place] = replace(changed[place], woe=woe, note="weight of evidence set by hand")
        for own, taking in joined.items():
            if own not in given:
                bin_ = changed[taking]
                note = f"counted with the bin {bin_.bin.label}"
                changed[own] = replace(changed[own], woe=bin_.woe, note=note, iv=0.0)
        return tuple(changed)


def ordinary_bins(
    classes: FineClasses, groups: Groups, *, rare: int | None = None
) -> tuple[Bin, ...]:
    """The bins that groups of fine classes stand for; `rare`: the place of that of rare categories."""
    if classes.feature.kind is Kind.CATEGORICAL:
        named = [[classes.levels[place] for place in group] for group in groups]
        return category_bins(named, rare=rare)
    # A bin that starts at the fence above a special code shows the code itself: codes go first anyway.
    shown = {
        next_steady(float(steady(np.array(code)))): code for _, code in classes.feature.special
    }
    lows = [classes.cuts[group[0] - 1] for group in groups[1:]]
    return interval_bins([shown.get(low, low) for low in lows])


def bin_scan(scan: Counts, config: ScorecardConfig) -> tuple[FeatureBinning, ...]:
    """Bin every feature of the scan by the configuration.

    Where the constraints admit no two bins, `config.on_infeasible` says whether the minimum share and the
    minimum bads are relaxed (the trend never is); every step is recorded. A feature left with one bin
    has status `one_bin`, and selection turns it down. Raises `InfeasibleBins` where the configuration
    says to stop, `BadSetting` for groups that name no known category.
    """
    places = range(len(scan.classes))
    return tuple(
        in_order(
            lambda place: bin_feature(FeatureCounts.of(scan, place), config),
            places,
            os.cpu_count() or 1,
        )
    )


def bin_feature(counts: FeatureCounts, config: ScorecardConfig) -> FeatureBinning:
    """Bin one feature; see `bin_scan`."""
    feature = counts.classes.feature
    if feature.unseen is UnseenPolicy.ERROR and counts.rows[OTHER] > 0 and not feature.groups:
        raise BadSetting(
            name=f"unseen of {feature.name}",
            value="error",
            rule="another policy: the feature has too many categories to list them all",
        )
    if feature.splits or feature.groups:
        groups = _given_groups(counts)
        return FeatureBinning(counts, groups, BinningRecord("given", ""), config)
    order = counts.ordinary()
    groups, record = _search(counts, order, config)
    return FeatureBinning(counts, groups, record, config)


def _given_groups(counts: FeatureCounts) -> Groups:
    classes, feature = counts.classes, counts.classes.feature
    if feature.kind is Kind.CATEGORICAL:
        known = {level: place for place, level in enumerate(classes.levels)}
        strange = [level for group in feature.groups for level in group if level not in known]
        if strange:
            raise BadSetting(
                name=f"groups of {feature.name}", value=strange, rule="categories of the data"
            )
        return tuple(tuple(known[level] for level in group) for group in feature.groups)
    edges = np.searchsorted(classes.edges, steady(np.array(feature.splits))) + 1
    special = {code for _, code in classes.special_classes()}
    bounds = [0, *edges.tolist(), classes.size]
    return tuple(
        tuple(place for place in range(low, high) if place == low or place not in special)
        for low, high in itertools.pairwise(bounds)
    )


@dataclass(frozen=True)
class _Attempt:
    """One set of constraints to try; `given_up` says what it relaxes (empty: as configured)."""

    min_share: float
    min_bads: int
    min_bins: int
    given_up: str = ""


def _search(
    counts: FeatureCounts, order: list[int], config: ScorecardConfig
) -> tuple[Groups, BinningRecord]:
    feature = counts.classes.feature
    why = _hopeless(counts, order)
    relaxed: list[str] = []
    for attempt in [] if why else _attempts(config):
        groups, trend = _merged(counts, order, config, attempt)
        if attempt.given_up:
            relaxed.append(attempt.given_up)
        if len(groups) >= 2:
            return groups, BinningRecord("optimal", trend, tuple(relaxed))
        wanted = "two" if config.min_bins == 2 else str(config.min_bins)
        why = f"no {wanted} bins satisfy trend {feature.trend.value}, share and bads"
    if config.on_infeasible is Infeasible.ERROR:
        raise InfeasibleBins(feature=feature.name, why=why)
    everything = (tuple(order),) if order or feature.kind is Kind.NUMERIC else ()
    return everything, BinningRecord("one_bin", "", (*relaxed, why))


def _hopeless(counts: FeatureCounts, order: list[int]) -> str:
    """Why no split can exist, or an empty text."""
    if not order:
        return "every value is missing or special"
    if not counts.counts[order].sum(axis=0).all():
        return "ordinary values hold only one class"
    if len(order) == 1:
        return "ordinary values are all equal"
    return ""


def _attempts(config: ScorecardConfig) -> list[_Attempt]:
    least = config.min_bins
    asked = _Attempt(config.min_bin_share, config.min_bin_bads, least)
    if config.on_infeasible is not Infeasible.RELAX:
        return [asked]
    share = config.min_bin_share / 2
    attempts = [asked, _Attempt(share, config.min_bin_bads, least, f"minimum share to {share:g}")]
    if config.min_bin_bads > 1:
        attempts.append(_Attempt(share, 1, least, "minimum bads to 1"))
    if least > 2:
        attempts.append(_Attempt(share, 1, 2, "minimum bins to 2"))
    return attempts


def _merged(
    counts: FeatureCounts, order: list[int], config: ScorecardConfig, attempt: _Attempt
) -> tuple[Groups, str]:
    feature = counts.classes.feature
    numeric = feature.kind is Kind.NUMERIC
    rare = counts.rare()
    if rare:
        order = [place for place in order if place not in rare]
    if not order:
        return (), ""
    apart = 1 if rare else 0  # a bin that the search neither sees nor counts
    most = max(2, feature.max_bins or config.max_bins)
    units = [[place] for place in order] if numeric else _pooled(counts, order, attempt.min_share)
    sums = np.array([counts.counts[unit].sum(axis=0) for unit in units])
    rows = np.array([counts.rows[unit].sum() for unit in units])
    periods = np.array([counts.periods[:, unit].sum(axis=1) for unit in units])
    rules = MergeRules(
        shape=Shape(feature.trend.value) if numeric else Shape.NONE,
        min_bins=min(attempt.min_bins, most) - apart,
        max_bins=most - apart,
        min_share=attempt.min_share,
        min_bads=attempt.min_bads,
        min_goods=attempt.min_bads,
        max_p_value=config.max_bin_p_value,
    )
    whole = counts.counts.sum(axis=0)
    found = merge(
        sums[:, 0],
        sums[:, 1],
        rules,
        epsilon=config.epsilon,
        rows=rows,
        totals=(float(whole[0]), float(whole[1])),
        periods=(periods[:, :, 0].T, periods[:, :, 1].T) if numeric and periods.size else None,
    )
    if found is None:
        return (), ""
    starts = (0, *found.ends[:-1])
    groups = tuple(
        tuple(place for unit in units[at:end] for place in unit)
        for at, end in zip(starts, found.ends, strict=True)
    )
    trend = found.shape.value if numeric else ""
    return ((*groups, tuple(rare)) if rare else groups), trend


def _pooled(counts: FeatureCounts, order: list[int], min_share: float) -> list[list[int]]:
    """Categories by bad rate; the rare ones as one, lest their chance rates lead it.

    Rare: below the minimum share, and with too few goods or bads to know the rate well.
    """
    least = min_share * counts.rows[order].sum()

    def rare(place: int) -> bool:
        few = counts.counts[place].min() < _KNOWN_WELL
        return bool(counts.rows[place] < least and few)

    units = [[place] for place in order if not rare(place)]
    pool = [place for place in order if rare(place)]
    if pool:
        units.append(sorted(pool, key=lambda place: counts.classes.levels[place]))

    def rate(unit: list[int]) -> float:
        goods, bads = counts.counts[unit].sum(axis=0)
        return float(bads / max(goods + bads, 1e-300))

    return sorted(units, key=rate)


def _apply_policies(
    attributes: tuple[Attribute, ...],
    rows: npt.NDArray[np.float64],
    feature: FeatureConfig,
    config: ScorecardConfig,
    rare: int | None,
) -> tuple[Attribute, ...]:
    """Settle the WOE of special, missing and unseen bins; every departure from the count is noted."""
    regular = [a for a in attributes if a.bin.kind in (BinKind.INTERVAL, BinKind.CATEGORIES)]
    settled: list[Attribute] = []
    missing_woe = 0.0
    for place, (attribute, seen) in enumerate(zip(attributes, rows, strict=True)):
        if place == rare and (neutral := _too_thin(attribute, seen, config)):
            settled.append(replace(attribute, woe=0.0, note=neutral, iv=0.0))
            continue
        if attribute.bin.kind in (BinKind.INTERVAL, BinKind.CATEGORIES):
            settled.append(attribute)
            continue
        woe, note = _own_woe(attribute, seen, regular, missing_woe, feature, config)
        if attribute.bin.kind is BinKind.UNSEEN and feature.unseen is UnseenPolicy.OTHER:
            woe = 0.0 if rare is None else settled[rare].woe
            note = (
                "unseen: as rare categories" if rare is not None else "unseen: neutral, none rare"
            )
        if attribute.bin.kind is BinKind.MISSING:
            missing_woe = woe
        iv = attribute.iv if woe == attribute.woe else 0.0
        settled.append(replace(attribute, woe=woe, note=note, iv=iv))
    return tuple(settled)


def _too_thin(attribute: Attribute, seen: float, config: ScorecardConfig) -> str:
    """Why a bin outside the search proves nothing about its rows; an empty text where it does."""
    if seen < config.min_own_bin_rows:
        return f"neutral: {int(seen)} rows, fewer than {config.min_own_bin_rows}"
    return "" if attribute.goods and attribute.bads else "neutral: only one class seen"


def _own_woe(
    attribute: Attribute,
    seen: float,
    regular: list[Attribute],
    missing_woe: float,
    feature: FeatureConfig,
    config: ScorecardConfig,
) -> tuple[float, str]:
    worst = min((a.woe for a in regular), default=0.0)
    if attribute.bin.kind is BinKind.UNSEEN:
        choice = {UnseenPolicy.MISSING: missing_woe, UnseenPolicy.WORST: worst}
        return choice.get(feature.unseen, 0.0), f"unseen: {feature.unseen.value}"
    if attribute.bin.kind is BinKind.MISSING:
        if feature.missing is MissingPolicy.WORST:
            return worst, "missing: worst"
        if feature.missing is MissingPolicy.NEUTRAL:
            return 0.0, "missing: neutral"
    if neutral := _too_thin(attribute, seen, config):
        return 0.0, neutral
    if attribute.bin.kind is BinKind.MISSING and feature.missing is MissingPolicy.NEAREST:
        nearest = min(regular, key=lambda a: abs(a.woe - attribute.woe), default=None)
        if nearest is not None:
            return nearest.woe, f"missing: nearest, as {nearest.bin.label}"
    return attribute.woe, ""
