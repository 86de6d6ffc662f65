"""Money, rates, day counts, calendars, identifiers and errors. Pure Python: no Django, no database."""
