"""Double-entry journal, chart of accounts, trial balance."""
