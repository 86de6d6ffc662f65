"""Facility, drawdown, schedule, interest, repayment, arrears, close of day."""
