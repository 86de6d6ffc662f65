"""The catalogue: what each product offers, needs and limits."""
