"""The application, from draft to signed contract."""
