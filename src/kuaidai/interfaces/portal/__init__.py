"""Web pages for borrowers."""
