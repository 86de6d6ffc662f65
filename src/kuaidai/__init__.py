"""kuaidai (快贷): data-driven quick loans to small and micro businesses."""
