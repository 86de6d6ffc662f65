"""Django's database engine for the embedded PostgreSQL: starts the server on the first connection."""
