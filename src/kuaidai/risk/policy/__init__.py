"""What is live (model and policy versions); admission, limit, price: facts in, decision with reasons out."""
