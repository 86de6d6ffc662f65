"""What a modeller decides before a fit: features, limits, scaling, grades."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kuaidai.risk.scorecards.errors import BadSetting


class Kind(StrEnum):
    """How a feature's values are read."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"


class Trend(StrEnum):
    """How the bad rate must move as the value rises; `auto` lets the data choose one direction.

    A `peak` rises, then falls; a `valley` falls, then rises; either may consist of one side only.
    """

    AUTO = "auto"
    ASCENDING = "ascending"
    DESCENDING = "descending"
    PEAK = "peak"
    VALLEY = "valley"
    NONE = "none"


class MissingPolicy(StrEnum):
    """What a missing value earns.

    Its own bin's points; those of the ordinary bin whose weight of evidence is nearest to its own; the
    worst bin's; or none either way.
    """

    SEPARATE = "separate"
    NEAREST = "nearest"
    WORST = "worst"
    NEUTRAL = "neutral"


class UnseenPolicy(StrEnum):
    """What a category that development never saw earns.

    Nothing either way, as missing, as the worst bin, as the bin of rare categories (`other`; neutral
    where there is none), or a refusal.
    """

    NEUTRAL = "neutral"
    MISSING = "missing"
    WORST = "worst"
    OTHER = "other"
    ERROR = "error"


class Stepwise(StrEnum):
    """How the regression's features are chosen among those that passed the filters.

    `backward` starts from all and drops, `forward` starts from none and adds, `both` may drop again
    what it added; `none` keeps all. A coefficient of the wrong sign leaves whatever the way.
    """

    BACKWARD = "backward"
    FORWARD = "forward"
    BOTH = "both"
    NONE = "none"


class CalibrationMethod(StrEnum):
    """How scores become probabilities: by a logistic curve or by falling steps as the data have them."""

    LOGISTIC = "logistic"
    ISOTONIC = "isotonic"


class Criterion(StrEnum):
    """What a feature must bring: a p-value within `p_max`, or a better information criterion."""

    P_VALUE = "p_value"
    AIC = "aic"
    BIC = "bic"


class Infeasible(StrEnum):
    """What to do with a feature whose constraints admit no two bins; always recorded.

    `drop` turns the feature down; `relax` first halves the minimum share, lowers the minimum bads to
    one (useful for rare events, at the price of noisier bins) and asks for two bins only; `error` stops
    the fit.
    """

    RELAX = "relax"
    DROP = "drop"
    ERROR = "error"


def _set(config: object, name: str, value: object) -> None:
    """Put a value as it was meant in the place of what was written; only while a config is made."""
    object.__setattr__(config, name, value)


def _read_enum(config: object, field: str, kind: type[StrEnum], shown: str) -> None:
    """A choice may be written as its text: `trend="descending"`."""
    given = getattr(config, field)
    try:
        _set(config, field, kind(given))
    except ValueError as error:
        rule = "one of " + ", ".join(kind)
        raise BadSetting(name=shown, value=repr(given), rule=rule) from error


def _pairs(special: Iterable[object], name: str) -> tuple[tuple[str, float], ...]:
    pairs = []
    for pair in special:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str)):
            raise BadSetting(name=name, value=repr(pair), rule='named, as in {"no record": -999}')
        pairs.append((pair[0], float(pair[1])))
    return tuple(pairs)


_FEATURE_ENUMS: dict[str, type[StrEnum]] = {
    "kind": Kind,
    "trend": Trend,
    "missing": MissingPolicy,
    "unseen": UnseenPolicy,
}
_CARD_ENUMS: dict[str, type[StrEnum]] = {
    "stepwise": Stepwise,
    "criterion": Criterion,
    "calibration": CalibrationMethod,
    "on_infeasible": Infeasible,
}


@dataclass(frozen=True)
class FeatureConfig:
    """A candidate feature. Choices may be written as their texts, `special` as a dict.

    `special` names numeric codes that are not quantities, each of which becomes its own bin, such as
    `(("no_record", -999.0),)`. `max_bins` overrides the card's. `splits` (rising) are boundaries the
    modeller sets for a numeric feature, `groups` the bins of a categorical one: nothing is searched
    then, and categories that `groups` leaves out are treated as unseen. Categories with less than
    `other_share` of the ordinary rows stand together in one bin of rare categories that the search never
    joins to another (0: categories below the card's minimum share are pooled, unless well known, and merged by bad rate).
    """

    name: str
    title_en: str = ""
    title_zh: str = ""
    kind: Kind = Kind.NUMERIC
    trend: Trend = Trend.AUTO
    special: tuple[tuple[str, float], ...] = ()
    missing: MissingPolicy = MissingPolicy.SEPARATE
    unseen: UnseenPolicy = UnseenPolicy.NEUTRAL
    family: str = ""
    unit: str = ""
    max_bins: int | None = None
    splits: tuple[float, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    other_share: float = 0.0

    def __post_init__(self) -> None:
        """Read names of enums, lists and a dict of codes; refuse bins that contradict the kind or themselves.

        Raises `BadSetting`.
        """
        for field, kind in _FEATURE_ENUMS.items():
            _read_enum(self, field, kind, f"{field} of {self.name}")
        special: Any = self.special
        special = special.items() if isinstance(special, dict) else special
        _set(self, "special", _pairs(special, f"special codes of {self.name}"))
        _set(self, "splits", tuple(float(split) for split in self.splits))
        _set(self, "groups", tuple(tuple(group) for group in self.groups))
        name = f"bins of {self.name}"
        levels = [level for group in self.groups for level in group]
        rising = all(low < high for low, high in itertools.pairwise(self.splits))
        if not (rising and all(math.isfinite(split) for split in self.splits)):
            raise BadSetting(name=name, value=self.splits, rule="finite and rising")
        if len(set(levels)) != len(levels) or not all(self.groups):
            raise BadSetting(name=name, value=self.groups, rule="groups without repetition")
        if (self.groups if self.kind is Kind.NUMERIC else self.splits) != ():
            rule = "splits for a numeric feature, groups for a categorical one"
            raise BadSetting(name=name, value=self.splits or self.groups, rule=rule)
        self._check_other()
        codes = [code for _, code in self.special]
        if len(set(codes)) != len(codes) or not all(math.isfinite(code) for code in codes):
            raise BadSetting(
                name=f"special codes of {self.name}", value=codes, rule="finite and different"
            )

    def _check_other(self) -> None:
        free = self.kind is Kind.CATEGORICAL and not self.groups
        if not 0 <= self.other_share < 1 or (self.other_share and not free):
            rule = "in [0, 1), for a categorical feature without groups"
            raise BadSetting(name=f"other_share of {self.name}", value=self.other_share, rule=rule)

    def title(self, language: str) -> str:
        """The feature's title in `language` (Chinese for `zh*`), its name where it has none."""
        chosen = self.title_zh if language.lower().startswith("zh") else self.title_en
        return chosen or self.name


@dataclass(frozen=True)
class GradeBand:
    """A grade and the least score it takes; the lowest grade has no least score."""

    grade: str
    min_score: int | None


DEFAULT_BANDS = (
    GradeBand("A", 680),
    GradeBand("B", 640),
    GradeBand("C", 600),
    GradeBand("D", 560),
    GradeBand("E", None),
)


def _chance(
    name: str, value: float | None, *, below_one: bool = False
) -> tuple[str, float | None, bool, str]:
    """The check that a chance lies in (0, 1], or below 1, where it is given."""
    holds = value is None or (0 < value < 1) or (value == 1 and not below_one)
    return name, value, holds, "in (0, 1)" if below_one else "in (0, 1]"


@dataclass(frozen=True)
class ScorecardConfig:
    """How a card is built. Features may be given by name alone, `bands` as a dict of least scores.

    Scaling: `base_score` points at good:bad odds of `base_odds`, `pdo` points double the odds.
    Binning: from `min_bins` to `max_bins` bins, each with at least `min_bin_share` of the rows and
    `min_bin_bads` bads and goods; neighbours whose bad rates differ with a p-value above
    `max_bin_p_value` are merged (`None`: never). Missing or special bins with fewer than `min_own_bin_rows` rows
    or with only goods or only bads earn no points either way. `epsilon` stands in for a zero count in the weight of evidence.
    `stable_over` names a column (a quarter, a region) in each of whose values the trend must hold as well.
    Selection: least information value; greatest p-value of the plain association of raw values with
    the outcome (`None`: not asked; binning looks for differences, so information value alone favours
    noise); greatest absolute correlation of WOE columns; greatest variance inflation factor; greatest
    p-value of a coefficient (`None`: no limit); most features on the card; greatest population stability
    index against the recent sample, where one is given (`None`: not asked); how the regression's
    features are chosen, and by what criterion.
    `signed` holds every WOE coefficient at or below 0 during the fit. `l2`: ridge penalty on the WOE
    coefficients (0 = plain maximum likelihood).
    `calibration`: the shape of the PD over the score; isotonic steps need some hundreds of bads.
    `central_tendency`: long-run bad rate that the calibrated PDs average to (`None`: the sample's).
    """

    name: str
    features: tuple[FeatureConfig, ...]
    pdo: float = 40.0
    base_score: float = 600.0
    base_odds: float = 20.0
    min_bins: int = 2
    max_bins: int = 6
    min_bin_share: float = 0.05
    min_bin_bads: int = 5
    max_bin_p_value: float | None = 0.10
    min_own_bin_rows: int = 10
    epsilon: float = 0.5
    iv_min: float = 0.02
    association_p_max: float | None = None
    corr_max: float = 0.7
    vif_max: float = 5.0
    p_max: float | None = 0.05
    max_features: int = 15
    psi_max: float | None = 0.25
    stepwise: Stepwise = Stepwise.BACKWARD
    criterion: Criterion = Criterion.P_VALUE
    signed: bool = False
    stable_over: str | None = None
    l2: float = 0.0
    calibration: CalibrationMethod = CalibrationMethod.LOGISTIC
    central_tendency: float | None = None
    on_infeasible: Infeasible = Infeasible.DROP
    bands: tuple[GradeBand, ...] = DEFAULT_BANDS

    def __post_init__(self) -> None:
        """Read names of enums, lists and a dict of grades; refuse what cannot work; raises `BadSetting`."""
        for field, kind in _CARD_ENUMS.items():
            _read_enum(self, field, kind, field)
        features: Iterable[Any] = self.features
        named = (FeatureConfig(f) if isinstance(f, str) else f for f in features)
        _set(self, "features", tuple(named))
        bands: Any = self.bands
        if isinstance(bands, dict):
            bands = [GradeBand(grade, floor) for grade, floor in bands.items()]
        _set(self, "bands", tuple(bands))
        for setting in dataclasses.fields(self):
            value = getattr(self, setting.name)
            if isinstance(value, float) and not math.isfinite(value):
                raise BadSetting(name=setting.name, value=value, rule="a finite number")
        checks = (
            ("pdo", self.pdo, self.pdo > 0, "above 0"),
            ("base_odds", self.base_odds, self.base_odds > 0, "above 0"),
            ("max_bins", self.max_bins, self.max_bins >= 2, "at least 2"),
            ("min_bins", self.min_bins, 2 <= self.min_bins <= self.max_bins, "from 2 to max_bins"),
            ("min_bin_share", self.min_bin_share, 0 < self.min_bin_share <= 0.5, "in (0, 0.5]"),
            ("min_bin_bads", self.min_bin_bads, self.min_bin_bads >= 1, "at least 1"),
            ("epsilon", self.epsilon, self.epsilon > 0, "above 0"),
            ("corr_max", self.corr_max, 0 < self.corr_max <= 1, "in (0, 1]"),
            ("vif_max", self.vif_max, self.vif_max >= 1, "at least 1"),
            ("max_features", self.max_features, self.max_features >= 1, "at least 1"),
            ("l2", self.l2, self.l2 >= 0, "0 or more"),
            ("features", len(self.features), bool(self.features), "at least one feature"),
            ("iv_min", self.iv_min, self.iv_min >= 0, "0 or more"),
            ("psi_max", self.psi_max, self.psi_max is None or self.psi_max > 0, "above 0"),
            _chance("max_bin_p_value", self.max_bin_p_value),
            _chance("association_p_max", self.association_p_max),
            _chance("p_max", self.p_max),
            _chance("central_tendency", self.central_tendency, below_one=True),
        )
        for name, value, holds, rule in checks:
            if not holds:
                raise BadSetting(name=name, value=value, rule=rule)
        names = [feature.name for feature in self.features]
        if len(set(names)) != len(names):
            raise BadSetting(name="features", value=names, rule="free of repeated names")
        self._check_bands()

    def _check_bands(self) -> None:
        floors = [band.min_score for band in self.bands]
        named = [floor for floor in floors if floor is not None]
        falling = all(high > low for high, low in itertools.pairwise(named))
        if not floors or floors[-1] is not None or len(named) != len(floors) - 1 or not falling:
            raise BadSetting(
                name="bands", value=floors, rule="falling minimum scores, the last without one"
            )

    def feature(self, name: str) -> FeatureConfig:
        """The candidate called `name`; raises `KeyError`."""
        for feature in self.features:
            if feature.name == name:
                return feature
        raise KeyError(name)
