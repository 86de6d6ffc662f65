"""A synthetic bank with a known truth, and sandbox servers for every outside platform."""
