"""Writes of parties: register customers, link users, grant and withdraw authorisations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from kuaidai.foundation.actors import Actor
from kuaidai.foundation.encryption import blind_index
from kuaidai.foundation.models import Role, User
from kuaidai.foundation.operations import record_audit
from kuaidai.kernel.calendars import add_months
from kuaidai.kernel.identifiers import new_id, parse_phone, parse_resident_id, parse_uscc
from kuaidai.parties.domain.authorisations import (
    PURPOSES,
    TEXT_VERSION,
    VALID_MONTHS,
    AuthorisationKind,
    authorisation_text,
    text_hash,
)
from kuaidai.parties.domain.views import AuthorisationView, ImportCounts, PersonView
from kuaidai.parties.errors import (
    DropUnreadable,
    UnknownAuthorisation,
    UnknownEnterprise,
    UnknownPerson,
)
from kuaidai.parties.models import Authorisation, Enterprise, EnterpriseLink, Person
from kuaidai.parties.queries import authorisation_view, person_view, require_owner

_TEXTS = ("uscc", "person_id", "name", "resident_id", "phone", "industry_code", "province_code")


def _read_csv(path: Path) -> pa.Table:
    """A CSV file; codes and numbers of people stay text, however much they look like numbers."""
    options = pcsv.ConvertOptions(column_types={name: pa.string() for name in _TEXTS})
    return pcsv.read_csv(path, convert_options=options)


def _read(drop: Path, name: str) -> list[dict[str, Any]]:
    """The rows of `name.parquet`, of the parts in the folder `name`, or of `name.csv` in the drop."""
    for path, reader in (
        (drop / f"{name}.parquet", pq.read_table),
        (drop / name, pq.read_table),
        (drop / f"{name}.csv", _read_csv),
    ):
        if path.exists():
            try:
                rows: list[dict[str, Any]] = reader(path).to_pylist()
            except (pa.ArrowInvalid, OSError) as error:
                raise DropUnreadable(value=path.name, why=str(error).splitlines()[0]) from error
            return rows
    raise DropUnreadable(value=str(drop), why=f"it has no {name}.parquet and no {name}.csv")


@transaction.atomic
def import_customers(*, drop: Path, actor: Actor, on: date) -> ImportCounts:
    """Register the firms and owners of a data drop; known ones are updated. All or nothing.

    Raises `DropUnreadable`, `UnknownEnterprise` for an owner of a firm that is not in the drop, or the
    refusal of the first malformed identifier.
    """
    extracts, owners = _read(drop, "enterprises"), _read(drop, "owners")
    try:
        firms = {row["uscc"]: row for row in sorted(extracts, key=lambda row: row["as_of"])}
        _upsert_firms(list(firms.values()))
        _upsert_people(owners)
        _upsert_links(owners)
    except KeyError as missing:
        raise DropUnreadable(value=str(drop), why=f"the column {missing} is missing") from missing
    except IntegrityError as clash:
        raise DropUnreadable(value=str(drop), why=_broken_rule(clash)) from clash
    except (TypeError, ValidationError) as wrong:
        raise DropUnreadable(value=str(drop), why="a date or text has the wrong type") from wrong
    counts = ImportCounts(len(firms), len({row["person_id"] for row in owners}), len(owners))
    record_audit(
        actor=actor, action="parties.import", subject_type="bank", subject_id="1", on=on,
        detail=vars(counts),
    )  # fmt: skip
    return counts


def _broken_rule(clash: IntegrityError) -> str:
    """What the database found wrong, without the values it quotes: those may identify people."""
    cause = clash.__cause__
    if isinstance(cause, psycopg.errors.UniqueViolation):
        return "two customers share a resident ID or a phone number"
    found = cause.diag if isinstance(cause, psycopg.Error) else None
    rule = (found.constraint_name or found.column_name) if found else None
    return f"a row breaks the rule {rule or 'of its table'}"


def _upsert_firms(rows: Sequence[dict[str, Any]]) -> None:
    fields = ["name", "kind", "industry_code", "province_code", "established_on"]
    Enterprise.objects.bulk_create(
        [Enterprise(uscc=parse_uscc(row["uscc"]), **{f: row[f] for f in fields}) for row in rows],
        update_conflicts=True, unique_fields=["uscc"], update_fields=fields, batch_size=1000,
    )  # fmt: skip


def _upsert_people(rows: Sequence[dict[str, Any]]) -> None:
    people = {}
    for row in rows:
        resident_id, phone = parse_resident_id(row["resident_id"]), parse_phone(str(row["phone"]))
        people[row["person_id"]] = Person(
            customer_no=row["person_id"],
            name=row["name"],
            resident_id=resident_id,
            resident_id_index=blind_index(resident_id),
            phone=phone,
            phone_index=blind_index(phone),
            birth_date=row["birth_date"],
        )
    Person.objects.bulk_create(
        people.values(), update_conflicts=True, unique_fields=["customer_no"],
        update_fields=["name", "phone", "phone_index"], batch_size=1000,
    )  # fmt: skip


def _upsert_links(rows: Sequence[dict[str, Any]]) -> None:
    firm_ids = dict(Enterprise.objects.values_list("uscc", "id"))
    for row in rows:
        if row["uscc"] not in firm_ids:
            raise UnknownEnterprise(value=row["uscc"])
    person_ids = dict(Person.objects.values_list("customer_no", "id"))
    links = [
        EnterpriseLink(
            enterprise_id=firm_ids[row["uscc"]],
            person_id=person_ids[row["person_id"]],
            role=row["role"],
            share=Decimal(str(row["share"])).quantize(Decimal("0.000001")),
            since=row["since"],
        )
        for row in rows
    ]
    EnterpriseLink.objects.bulk_create(
        links, update_conflicts=True, unique_fields=["enterprise", "person"],
        update_fields=["role", "share", "since"], batch_size=1000,
    )  # fmt: skip


@transaction.atomic
def user_for_person(*, customer_no: str) -> PersonView:
    """The person with a login of role owner, created at the first sign-in. Raises `UnknownPerson`."""
    person = Person.objects.select_for_update().filter(customer_no=customer_no).first()
    if person is None:
        raise UnknownPerson(value=customer_no)
    if person.user is None:
        user, _ = User.objects.get_or_create(username=customer_no, defaults={"role": Role.OWNER})
        user.set_unusable_password()
        user.save()
        person.user = user
        person.save(update_fields=["user"])
    return person_view(person)


@transaction.atomic
def grant_authorisations(
    *,
    person_no: str,
    uscc: str,
    kinds: Sequence[AuthorisationKind],
    language: str,
    channel: str,
    now: datetime,
    on: date,
    actor: Actor,
) -> tuple[AuthorisationView, ...]:
    """Record the person's consent of each kind for the firm; live ones are left as they are.

    Raises `UnknownEnterprise` or `NotTheOwner`.
    """
    firm = require_owner(person_no=person_no, uscc=uscc)
    enterprise = Enterprise.objects.select_for_update().get(uscc=firm.uscc)
    person = Person.objects.get(customer_no=person_no)
    granted = []
    for kind in kinds:
        row = _open_authorisation(enterprise, person, kind, now=now, on=on)
        if row is None:
            text = authorisation_text(
                kind, language, lender=settings.KUAIDAI.lender_name,
                enterprise_name=firm.name, person_name=person.name,
            )  # fmt: skip
            row = Authorisation.objects.create(
                id=new_id("AUT"), enterprise=enterprise, person=person, kind=kind.value,
                text_version=TEXT_VERSION, text_hash=text_hash(text), language=language,
                purposes=list(PURPOSES), granted_at=now, granted_on=on,
                expires_on=add_months(on, VALID_MONTHS), channel=channel,
            )  # fmt: skip
            record_audit(
                actor=actor, action="authorisation.grant", subject_type="enterprise",
                subject_id=firm.uscc, on=on,
                detail={"id": row.id, "kind": kind.value, "text": row.text_hash},
            )  # fmt: skip
        granted.append(authorisation_view(row))
    return tuple(granted)


def _open_authorisation(
    enterprise: Enterprise, person: Person, kind: AuthorisationKind, *, now: datetime, on: date
) -> Authorisation | None:
    """The live authorisation of that kind; an expired one is closed so that a new one can follow."""
    row = (
        Authorisation.objects.select_for_update(of=("self",))
        .select_related("enterprise", "person")
        .filter(
            enterprise=enterprise,
            person=person,
            kind=kind.value,
            withdrawn_at=None,
            replaced_at=None,
        )
        .first()
    )
    if row is not None and row.expires_on < on:
        row.replaced_at = now
        row.save(update_fields=["replaced_at"])
        return None
    return row


@transaction.atomic
def withdraw_authorisation(
    *, authorisation_id: str, person_no: str, actor: Actor, now: datetime, on: date
) -> AuthorisationView:
    """Withdraw the person's own authorisation: it permits no new query. Twice is once.

    Raises `UnknownAuthorisation`.
    """
    row = (
        Authorisation.objects.select_for_update(of=("self",))
        .select_related("enterprise", "person")
        .filter(id=authorisation_id, person__customer_no=person_no)
        .first()
    )
    if row is None:
        raise UnknownAuthorisation(value=authorisation_id)
    if row.withdrawn_at is None:
        row.withdrawn_at = now
        row.save(update_fields=["withdrawn_at"])
        record_audit(
            actor=actor, action="authorisation.withdraw", subject_type="enterprise",
            subject_id=row.enterprise.uscc, on=on, detail={"id": row.id, "kind": row.kind},
        )  # fmt: skip
    return authorisation_view(row)
