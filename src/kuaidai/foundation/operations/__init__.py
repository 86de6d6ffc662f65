"""Writes of the foundation."""

from kuaidai.foundation.operations.audit import record_audit
from kuaidai.foundation.operations.business_date import advance_business_date, set_business_date
from kuaidai.foundation.operations.idempotency import run_once
from kuaidai.foundation.operations.one_time_codes import IssuedCode, issue_code, verify_code
from kuaidai.foundation.operations.staff import register_staff

__all__ = [
    "IssuedCode",
    "advance_business_date",
    "issue_code",
    "record_audit",
    "register_staff",
    "run_once",
    "set_business_date",
    "verify_code",
]
