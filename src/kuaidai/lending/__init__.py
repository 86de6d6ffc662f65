"""Products, ledger, servicing and origination of loans."""
