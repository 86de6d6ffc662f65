"""The application, from draft to signed contract.

Owns applications, the terms chosen under an offer, and contracts. Invariants:

- a firm has at most one live application per product (partial unique constraint);
- a state is only left along `domain.states.TRANSITIONS`;
- no platform is asked, and nothing is decided, without live authorisations;
- terms never exceed the decided limit, a limit never exceeds the product's cap, nor what is left of the
  obligor group's total when it is offered;
- a contract is active only with two valid signatures over the text whose hash is stored.
"""
