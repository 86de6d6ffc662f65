"""Writes of servicing."""

from kuaidai.lending.servicing.operations.classifying import (
    classify,
    record_debtor_facts,
    record_restructuring,
)
from kuaidai.lending.servicing.operations.close_of_day import judge_book, run_close_of_day
from kuaidai.lending.servicing.operations.core_outcomes import DRAWDOWN
from kuaidai.lending.servicing.operations.drawing import (
    pay_out,
    pursue_drawdowns,
    request_drawdown,
    reserve_drawdown,
    settle_drawdown,
)
from kuaidai.lending.servicing.operations.facilities import (
    add_product,
    cancel_facility,
    cut_facility,
    freeze_facility,
    increase_facility,
    open_facility,
    set_group_total,
    unfreeze_facility,
)
from kuaidai.lending.servicing.operations.overriding import (
    approve_override,
    reject_override,
    request_override,
)
from kuaidai.lending.servicing.operations.provisioning import provide, use_allowance
from kuaidai.lending.servicing.operations.reconciling import (
    explain_break,
    reconcile_closed_days,
    reconcile_core,
)
from kuaidai.lending.servicing.operations.repaying import collect_repayment, repay

__all__ = [
    "DRAWDOWN",
    "add_product",
    "approve_override",
    "cancel_facility",
    "classify",
    "collect_repayment",
    "cut_facility",
    "explain_break",
    "freeze_facility",
    "increase_facility",
    "judge_book",
    "open_facility",
    "pay_out",
    "provide",
    "pursue_drawdowns",
    "reconcile_closed_days",
    "reconcile_core",
    "record_debtor_facts",
    "record_restructuring",
    "reject_override",
    "repay",
    "request_drawdown",
    "request_override",
    "reserve_drawdown",
    "run_close_of_day",
    "set_group_total",
    "settle_drawdown",
    "unfreeze_facility",
    "use_allowance",
]
