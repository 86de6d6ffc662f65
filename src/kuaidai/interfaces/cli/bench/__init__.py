"""`kuaidai bench`: what the platform does in how much time and memory, beside a yardstick of the same run."""
