"""Pure parts of sources."""
