"""Sandbox servers for every outside platform, answering from a simulated drop."""
