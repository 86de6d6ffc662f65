"""The kuaidai command."""
