"""What every context stands on: embedded PostgreSQL, business date, audit chain, idempotency keys, one-time codes, field encryption, users and roles."""
