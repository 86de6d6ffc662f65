"""REST for partner channels."""
