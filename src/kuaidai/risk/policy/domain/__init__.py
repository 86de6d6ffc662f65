"""Pure credit policy: facts in, decision out. Knows neither Django nor the database."""
