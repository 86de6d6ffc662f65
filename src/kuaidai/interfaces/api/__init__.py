"""REST for partner channels: the borrower's whole journey, and the staff's queue.

Everything under `/api/v1`; the OpenAPI document is `/api/v1/openapi.json`. Errors are problem
details (RFC 9457); amounts are strings with two decimals, rates strings with six; requests that
start something or move money carry an `Idempotency-Key`.
"""
