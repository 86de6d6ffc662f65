"""What is live (model and policy versions); admission, limit, price: facts in, decision with reasons out.

Invariants: who submitted a version never approves it; a submitted version's content never changes; a
decision record never changes and can be recomputed from what is stored, byte for byte.
"""
