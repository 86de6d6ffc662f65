"""Pages for staff: parse, call one operation or query, render."""
