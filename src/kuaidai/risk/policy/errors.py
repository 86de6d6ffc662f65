"""What the policy room turns down."""

from __future__ import annotations

from kuaidai.kernel.errors import IllegalTransition, NotAllowed, NotFound, Refusal


class BadPolicy(Refusal):
    """A policy document that cannot be used."""

    code = "BAD_POLICY"
    en = "{source} is not a usable policy: {why}. Correct the decision graph and submit it again."
    zh = "{source} 不是可用的策略：{why}。请修正决策图后重新提交。"


class FactsIncomplete(Refusal):
    """The policy reads a fact that was not handed over at all (an unknown value is None instead)."""

    code = "FACTS_INCOMPLETE"
    http_status = 500
    en = "Policy {policy} reads facts that were not given: {names}. Compute them or change the policy."
    zh = "策略 {policy} 需要的指标未提供：{names}。请补充指标或修改策略。"


class UnknownVersion(NotFound):
    """No such version of a model or policy."""

    code = "UNKNOWN_VERSION"
    en = "There is no {kind} {value}; `kuaidai policy list` shows what there is."
    zh = "没有{kind} {value}，可用 `kuaidai policy list` 查看现有版本。"


class NothingLive(Refusal):
    """No version is live on the day."""

    code = "NOTHING_LIVE"
    http_status = 409
    en = "No {kind} {name} is live on {on}; submit one and have a second person approve it."
    zh = "{on} 没有生效的{kind} {name}；请提交版本并由第二人批准。"


class VersionTaken(Refusal):
    """A version number was used already, with other content."""

    code = "VERSION_TAKEN"
    http_status = 409
    en = "{kind} {label} exists already with other content; give the new content a new version."
    zh = "{kind} {label} 已存在且内容不同；请使用新的版本号。"


class SameEyes(NotAllowed):
    """The submitter tried to approve."""

    code = "SAME_EYES"
    en = "{who} submitted {label} and may not approve it; a second person must."
    zh = "{who} 是 {label} 的提交人，不能自行批准，须由第二人批准。"


class OwnDraft(SameEyes):
    """Who drafted a version tried to approve it after somebody else had submitted it."""

    code = "OWN_DRAFT"
    en = "{who} drafted {label} and may not approve it; a second person must."
    zh = "{who} 是 {label} 的起草人，不能自行批准，须由第二人批准。"


class KindFixed(Refusal):
    """A new version of a model was to be of another kind than the versions before."""

    code = "MODEL_KIND_FIXED"
    http_status = 409
    en = "{name} is on the register as {held}, not {asked}; keep the kind or give the model a new name."
    zh = "模型 {name} 已登记为 {held}，不能改为 {asked}；请沿用原类型或使用新的模型名称。"


class DecidesNothing(Refusal):
    """A model of another kind than risk evaluation was to run beside the card that decides."""

    code = "MODEL_DECIDES_NOTHING"
    http_status = 409
    en = "{label} is of the kind {kind}; only a risk_evaluation card runs in the shadow of decisions."
    zh = "{label} 的类型为 {kind}；只有 risk_evaluation 评分卡可以影子运行。"


class UnknownAlert(NotFound):
    """No such alert of monitoring."""

    code = "UNKNOWN_ALERT"
    en = "There is no alert {value}; the console's page of models lists those there are."
    zh = "没有编号为 {value} 的预警；请在控制台的模型页面查看。"


class AlertNotOpen(IllegalTransition):
    """An alert was acknowledged already, or its finding is gone."""

    code = "ALERT_STATE"


class NoteMissing(Refusal):
    """An alert was to be acknowledged without a word."""

    code = "NOTE_MISSING"
    en = "Write what you found and what follows from it, in at least {least} characters."
    zh = "请填写核查结果与后续措施，至少 {least} 个字。"


class BadLimits(Refusal):
    """A file with the limits of monitoring that cannot be used."""

    code = "BAD_MONITORING_LIMITS"
    en = "{source} does not set limits of monitoring: {why}."
    zh = "{source} 不是可用的监控阈值文件：{why}。"


class BadEntry(Refusal):
    """What is to be an entry of the model inventory cannot be one."""

    code = "BAD_MODEL_ENTRY"
    en = "{source} is no entry of the model inventory: {why}."
    zh = "{source} 不是有效的模型清单条目：{why}。"


class NotAScorecard(Refusal):
    """A model on the register was to score, which only scorecards do here."""

    code = "MODEL_IS_NO_SCORECARD"
    en = "{label} is on the register as {form}, which the platform does not run. Name a scorecard."
    zh = "{label} 在模型清单中的形式为 {form}，本平台不运行该模型。请指定评分卡。"


class NotYetApproved(IllegalTransition):
    """A version is not in the state that the step needs."""

    code = "VERSION_STATE"


class LiveFromPast(Refusal):
    """A version was to be live from a day that has gone."""

    code = "LIVE_FROM_PAST"
    en = "{label} cannot be live from {live_from}: the business date is {on}. Choose that day or a later one."
    zh = "{label} 不能自 {live_from} 起生效：当前营业日为 {on}，请选择当日或之后的日期。"


class NotComputed(Refusal):
    """A card that is to decide needs columns that the platform does not compute."""

    code = "FEATURES_NOT_COMPUTED"
    en = "{label} cannot decide: the platform does not compute {names}. Fit it on features of the catalogue."
    zh = "{label} 不能用于审批：平台不计算 {names}。请使用特征目录中的特征重新拟合。"


class UnknownDecision(NotFound):
    """No decision of that number."""

    code = "UNKNOWN_DECISION"
    en = "No decision {value} was found; check the number."
    zh = "未找到决策记录 {value}，请核对后重试。"


class DecisionDamaged(Refusal):
    """A decision record that cannot be read back."""

    code = "DECISION_DAMAGED"
    http_status = 500
    en = "Decision {value} does not fit its hash: {why}. Run `kuaidai decision replay {value}`."
    zh = "决策记录 {value} 与其哈希不符：{why}。请运行 `kuaidai decision replay {value}`。"


class AllocationFailed(Refusal):
    """The solver found no optimum."""

    code = "ALLOCATION_FAILED"
    http_status = 500
    en = "The budget could not be shared out: {why}. Check limits, budget and step."
    zh = "额度分配求解失败：{why}。请检查额度、预算和步长。"


class BadScenario(Refusal):
    """A scenario or book file that cannot be used."""

    code = "BAD_SCENARIO"
    en = "{source} is not a usable scenario: {why}. `kuaidai policy batch --help` names those that ship."
    zh = "{source} 不是可用的情景文件：{why}。可用 `kuaidai policy batch --help` 查看自带情景。"


class NoRealData(Refusal):
    """The folder with the invoice data is not there."""

    code = "NO_REAL_DATA"
    en = "No {file} in {folder}; point KUAIDAI_REAL_DATA or --data at the folder that holds it."
    zh = "{folder} 中没有 {file}；请用 KUAIDAI_REAL_DATA 或 --data 指定数据目录。"
