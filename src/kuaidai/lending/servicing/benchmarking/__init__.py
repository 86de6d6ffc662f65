"""Books to measure on, for `kuaidai bench`: many lines, many running loans. Nothing else uses them."""
