"""Pure parts of parties: authorisation texts and views."""
