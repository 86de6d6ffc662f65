"""Writes of servicing."""

from kuaidai.lending.servicing.operations.close_of_day import run_close_of_day
from kuaidai.lending.servicing.operations.drawing import pay_out, request_drawdown
from kuaidai.lending.servicing.operations.facilities import (
    freeze_facility,
    open_facility,
    unfreeze_facility,
)
from kuaidai.lending.servicing.operations.repaying import collect_repayment, repay

__all__ = [
    "collect_repayment",
    "freeze_facility",
    "open_facility",
    "pay_out",
    "repay",
    "request_drawdown",
    "run_close_of_day",
    "unfreeze_facility",
]
