"""Pages: parse, call one operation or query, render."""
