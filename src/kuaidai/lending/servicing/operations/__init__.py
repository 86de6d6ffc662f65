"""Writes of servicing."""

from kuaidai.lending.servicing.operations.adjusting import (
    apply_unmatched_money,
    approve_loan_request,
    change_rate,
    charge_fee,
    end_misuse,
    extend,
    record_misuse,
    record_recovery,
    reject_loan_request,
    restructure,
    resume_accrual,
    reverse_event,
    stop_accrual,
    waive,
    write_off,
)
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
from kuaidai.lending.servicing.operations.groups import hold_groups
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
from kuaidai.lending.servicing.operations.retrying import retry_parked

__all__ = [
    "DRAWDOWN",
    "add_product",
    "apply_unmatched_money",
    "approve_loan_request",
    "approve_override",
    "cancel_facility",
    "change_rate",
    "charge_fee",
    "classify",
    "collect_repayment",
    "cut_facility",
    "end_misuse",
    "explain_break",
    "extend",
    "freeze_facility",
    "hold_groups",
    "increase_facility",
    "judge_book",
    "open_facility",
    "pay_out",
    "provide",
    "pursue_drawdowns",
    "reconcile_closed_days",
    "reconcile_core",
    "record_debtor_facts",
    "record_misuse",
    "record_recovery",
    "record_restructuring",
    "reject_loan_request",
    "reject_override",
    "repay",
    "request_drawdown",
    "request_override",
    "reserve_drawdown",
    "restructure",
    "resume_accrual",
    "retry_parked",
    "reverse_event",
    "run_close_of_day",
    "set_group_total",
    "settle_drawdown",
    "stop_accrual",
    "unfreeze_facility",
    "use_allowance",
    "waive",
    "write_off",
]
