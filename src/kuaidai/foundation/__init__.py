"""What every context stands on.

Embedded PostgreSQL, business date, audit chain, idempotency keys, one-time codes, field encryption,
users and roles. Invariants: audit records are append-only and chained; the business date only moves
forward; one idempotency key does its work once.
"""
