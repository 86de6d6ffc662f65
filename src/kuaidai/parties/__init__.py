"""Enterprises, people, the links between them, and the authorisations (consents) they give."""
