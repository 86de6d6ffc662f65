"""The contract as a document: its facts, its rendering, the certificates, signing and verification.

Knows neither Django nor the database; `operations.contracts` brings the facts and keeps the result.
"""
