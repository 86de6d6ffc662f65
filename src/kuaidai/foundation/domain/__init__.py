"""Pure parts of the foundation."""
