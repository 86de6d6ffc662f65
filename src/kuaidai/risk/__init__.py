"""Scorecards and the credit policy."""
