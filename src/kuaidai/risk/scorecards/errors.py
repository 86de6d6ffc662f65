"""Refusals of the scorecard workshop and of the scorer."""

from __future__ import annotations

from kuaidai.kernel.errors import Refusal


class MissingColumn(Refusal):
    """The table lacks a column that the card or the fit needs."""

    code = "SCORECARD_COLUMN_MISSING"
    en = "Column {column} is missing; the table has: {present}. Add it or use another scorecard."
    zh = "缺少字段 {column}；数据表现有字段：{present}。请补充该字段或更换评分卡。"


class RepeatedColumn(Refusal):
    """Two columns of a table share a name."""

    code = "SCORECARD_COLUMN_REPEATED"
    en = "Column name {column} stands more than once in the table; rename or drop the repetition."
    zh = "数据表中字段名 {column} 重复；请改名或删除重复字段。"


class InfiniteValue(Refusal):
    """A numeric feature holds infinite values."""

    code = "SCORECARD_INFINITE_VALUE"
    en = "Feature {feature} has {count} infinite values; replace them or leave them empty."
    zh = "变量 {feature} 含有 {count} 个无穷值；请替换或留空。"


class TargetNotBinary(Refusal):
    """The target holds something else than 0 (good) and 1 (bad)."""

    code = "SCORECARD_TARGET_NOT_BINARY"
    en = "Target {target} holds {value}; it must hold only 0 (good) and 1 (bad)."
    zh = "目标字段 {target} 含有 {value}；只允许 0（好）与 1（坏）。"


class OneClassTarget(Refusal):
    """All rows are good, or all are bad: nothing can be learnt."""

    code = "SCORECARD_ONE_CLASS"
    en = (
        "Target {target} has {goods} good and {bads} bad rows in {sample}; both are needed. "
        "Widen the sample or change the definition of bad."
    )
    zh = "样本 {sample} 的目标字段 {target} 有 {goods} 个好样本、{bads} 个坏样本；两类都必须有。请扩大样本或调整坏样本定义。"


class NoFeatureLeft(Refusal):
    """Selection turned every candidate down."""

    code = "SCORECARD_NO_FEATURE_LEFT"
    en = "None of the {count} candidate features was kept; last reasons: {reasons}. Relax the limits."
    zh = "{count} 个候选变量均未入选；最近的原因：{reasons}。请放宽入选条件。"


class InfeasibleBins(Refusal):
    """A feature cannot be binned under its constraints and the configuration says to stop."""

    code = "SCORECARD_BINS_INFEASIBLE"
    en = (
        "Feature {feature} cannot be binned: {why}. Relax its trend, minimum share or minimum bads."
    )
    zh = "变量 {feature} 无法分箱：{why}。请放宽单调方向、最小占比或最小坏样本数。"


class UnseenCategory(Refusal):
    """A category was not seen in development and the feature's policy is to refuse it."""

    code = "SCORECARD_UNSEEN_CATEGORY"
    en = "Feature {feature} has category {value}, unknown to the scorecard; known: {known}."
    zh = "变量 {feature} 的取值 {value} 不在评分卡范围内；已知取值：{known}。"


class NotANumber(Refusal):
    """A numeric feature was given a value that is not a number."""

    code = "SCORECARD_NOT_A_NUMBER"
    en = "Feature {feature} has value {value}, which is not a number; correct it or leave it empty."
    zh = "变量 {feature} 的取值 {value} 不是数值；请更正或留空。"


class NotACategory(Refusal):
    """A categorical feature holds lists or other nested values."""

    code = "SCORECARD_NOT_A_CATEGORY"
    en = "Feature {feature} holds {kind} values, which are no categories; unfold them into columns."
    zh = "变量 {feature} 的取值类型为 {kind}，不能作为类别；请展开为单独的字段。"


class MixedColumn(Refusal):
    """A column of a frame holds values of several types."""

    code = "SCORECARD_COLUMN_MIXED"
    en = "Column {column} holds values of several types ({why}); make it all numbers or all text."
    zh = "字段 {column} 混有多种类型的取值（{why}）；请统一为数值或文本。"


class FileDiffers(Refusal):
    """A file of a folder holds a column as another type than the first file does."""

    code = "SCORECARD_FILE_DIFFERS"
    en = "{file} holds column {column} as {found}, {first} as {expected}; write both with one type."
    zh = "{file} 中字段 {column} 的类型为 {found}，而 {first} 中为 {expected}；请统一类型。"


class BadArtefact(Refusal):
    """A file is not a scorecard this version can read."""

    code = "SCORECARD_ARTEFACT_UNREADABLE"
    en = "{source} is not a readable scorecard: {why}. Use a file written by `kuaidai scorecard fit`."
    zh = "{source} 不是可读的评分卡：{why}。请使用 `kuaidai scorecard fit` 生成的文件。"


class FitNotConverged(Refusal):
    """The likelihood has no finite maximum, or the solver did not reach it."""

    code = "SCORECARD_FIT_NOT_CONVERGED"
    en = (
        "The logistic fit did not converge ({why}); merge bins, drop features or set an L2 penalty."
    )
    zh = "逻辑回归未收敛（{why}）；请合并分箱、减少变量或设置 L2 惩罚。"


class SampleTooSmall(Refusal):
    """The development sample cannot carry a model."""

    code = "SCORECARD_SAMPLE_TOO_SMALL"
    en = "{sample} has {rows} usable rows; at least {least} are needed. {remedy}"
    zh = "{sample} 只有 {rows} 条可用样本，至少需要 {least} 条。{remedy}"


class BadSetting(Refusal):
    """A development parameter is out of its range."""

    code = "SCORECARD_BAD_SETTING"
    en = "Setting {name} is {value}; it must be {rule}."
    zh = "参数 {name} 为 {value}；要求：{rule}。"


class MemoryTooSmall(Refusal):
    """A fit cannot be kept within the memory it was given."""

    code = "SCORECARD_MEMORY_TOO_SMALL"
    en = "The fit needs {least} of memory and was given {given}; give it more, or write smaller row groups."
    zh = "拟合需要 {least} 内存，现只给 {given}；请增加内存，或用更小的行组写出数据。"


class CannotExport(Refusal):
    """A card holds something that the language it is to be written in cannot say."""

    code = "SCORECARD_CANNOT_EXPORT"
    en = "The scorecard cannot be written as {form}: {why}. Rename the feature or category."
    zh = "评分卡无法导出为 {form}：{why}。请修改变量名或类别取值。"


class UnknownSegment(Refusal):
    """A row belongs to no segment of a segmented scorecard whose policy is to refuse it."""

    code = "SCORECARD_SEGMENT_UNKNOWN"
    en = "Column {column} has {value}, which no segment of the scorecard takes; segments: {known}."
    zh = "字段 {column} 的取值 {value} 不属于评分卡的任何客群；现有客群：{known}。"


class SegmentNotFitted(Refusal):
    """The card of one segment cannot be fitted."""

    code = "SCORECARD_SEGMENT_NOT_FITTED"
    en = "Segment {segment} cannot be fitted: {why}. Join it to another segment or change its features."
    zh = "客群 {segment} 无法拟合：{why}。请与其他客群合并或调整其候选变量。"


class OneCardOnly(Refusal):
    """A segmented scorecard was given to something that takes one card."""

    code = "SCORECARD_SEGMENTED"
    en = "{source} is a segmented scorecard, and {what} takes a single card. {remedy}"
    zh = "{source} 是分客群评分卡，而 {what} 只接受单一评分卡。{remedy}"


class BadPlan(Refusal):
    """A file that is to describe a fit cannot be read as one."""

    code = "SCORECARD_PLAN_UNREADABLE"
    en = "{source} does not describe a fit: {why}."
    zh = "{source} 不是有效的评分卡拟合配置：{why}。"


class BadChallenger(Refusal):
    """A file is not a challenger this version can read."""

    code = "SCORECARD_CHALLENGER_UNREADABLE"
    en = (
        "{source} is not a readable challenger: {why}. "
        "Use a file written by `kuaidai scorecard challenge`."
    )
    zh = "{source} 不是可读的挑战者模型：{why}。请使用 `kuaidai scorecard challenge` 生成的文件。"


class TreesNotUnderstood(Refusal):
    """The trees read from the library do not give what the library itself predicts."""

    code = "SCORECARD_TREES_NOT_UNDERSTOOD"
    en = "Trees of scikit-learn {version} cannot be read: {why}. Install the version of the lock file."
    zh = "无法读取 scikit-learn {version} 生成的树：{why}。请安装锁定文件中的版本。"
