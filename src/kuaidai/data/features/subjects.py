"""Who is observed when: firms with the person who stood for them on the day."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc


def with_owner(firms: pa.Table, owners: pa.Table) -> pa.Table:
    """Add person_id to rows of uscc and observed_on: who was legal representative on the day.

    Before the first known one took office, that one; firms without any are left out.
    """
    rows = owners.filter(pc.equal(owners["role"], "legal_representative"))
    terms: dict[str, list[tuple[date, str]]] = {}
    for uscc, since, person in zip(
        *(rows[column].to_pylist() for column in ("uscc", "since", "person_id")), strict=True
    ):
        terms.setdefault(uscc, []).append((since, person))
    persons: list[str | None] = []
    for uscc, on in zip(firms["uscc"].to_pylist(), firms["observed_on"].to_pylist(), strict=True):
        known = sorted(terms.get(uscc, []))
        in_office = [person for since, person in known if since < on]
        persons.append(in_office[-1] if in_office else known[0][1] if known else None)
    column = pa.array(persons, pa.string())
    return firms.append_column("person_id", column).filter(pc.is_valid(column))
