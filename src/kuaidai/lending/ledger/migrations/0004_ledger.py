"""The ledger by branch, product and day: checks per statement, days that close, money in suspense.

The journal's checks run once per statement, not once per row. Every posting is one of the numbered
lines of its entry (primary key), all lines of an entry come in one statement, and then they are
counted and summed: so an entry is whole and balanced, on the balance sheet and off it, or the
statement fails. What a statement cannot know, that an entry's lines come at all, is asked at commit.

The checks look rows up by index whatever the statistics say: those of a table that is being filled
for the first time say that it is empty, and a plan made by them once took minutes.

Posters share an advisory lock until their transaction ends; closing a day takes it for itself. So a
day is summed only when nobody is still posting on it.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

CHECKS = """
CREATE FUNCTION ledger_postings_inserted() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE wrong record;
BEGIN
    SELECT * INTO wrong FROM (
        SELECT entry_id, count(*) AS found, min(line_no) AS first, max(line_no) AS last,
            sum(debit - credit) AS difference,
            coalesce(sum(debit - credit) FILTER (WHERE account >= '9'), 0) AS memorandum,
            (SELECT line_count FROM ledger_journalentry WHERE id = entry_id) AS line_count
        FROM inserted GROUP BY entry_id
    ) AS lines
    WHERE lines.line_count IS NULL OR lines.found <> lines.line_count OR lines.first <> 1
        OR lines.last <> lines.found OR lines.difference <> 0 OR lines.memorandum <> 0
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF wrong.line_count IS NULL THEN
        RAISE EXCEPTION 'there is no journal entry %', wrong.entry_id
            USING ERRCODE = 'foreign_key_violation';
    ELSIF wrong.difference <> 0 OR wrong.memorandum <> 0 THEN
        RAISE EXCEPTION 'journal entry % does not balance: %, memoranda %',
            wrong.entry_id, wrong.difference, wrong.memorandum USING ERRCODE = 'check_violation';
    END IF;
    RAISE EXCEPTION 'journal entry % has lines % to % (%), not 1 to %', wrong.entry_id,
        wrong.first, wrong.last, wrong.found, wrong.line_count USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER ledger_postings_inserted AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_postings_inserted();

CREATE FUNCTION ledger_entry_complete() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.id) THEN
        RAISE EXCEPTION 'journal entry % has no lines, not %', NEW.id, NEW.line_count
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entry_complete AFTER INSERT ON ledger_journalentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_complete();

CREATE FUNCTION ledger_entries_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record; closed date;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(8471210);
    SELECT max("on") INTO closed FROM ledger_closedday;
    SELECT id, "on" INTO wrong FROM inserted WHERE "on" <= closed LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal entry % is for %, but the ledger is closed through %',
            wrong.id, wrong.on, closed USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entries_inserted AFTER INSERT ON ledger_journalentry
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_inserted();
"""

NO_CHECKS_PER_ROW = """
DROP TRIGGER ledger_entry_complete ON ledger_journalentry;
DROP FUNCTION ledger_entry_complete();
DROP TRIGGER ledger_posting_balances ON ledger_posting;
DROP FUNCTION ledger_entry_balances();
DROP FUNCTION ledger_check_entry(bigint);
"""

NUMBERED = """
ALTER TABLE ledger_posting DISABLE TRIGGER ledger_posting_append_only;
ALTER TABLE ledger_posting ADD COLUMN line_no smallint;
UPDATE ledger_posting AS p SET line_no = n.line_no
    FROM (SELECT id, row_number() OVER (PARTITION BY entry_id ORDER BY id) AS line_no
          FROM ledger_posting) AS n
    WHERE n.id = p.id;
ALTER TABLE ledger_posting ALTER COLUMN line_no SET NOT NULL;
ALTER TABLE ledger_posting ENABLE TRIGGER ledger_posting_append_only;
ALTER TABLE ledger_posting DROP COLUMN id;
ALTER TABLE ledger_posting ADD PRIMARY KEY (entry_id, line_no);
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT conname FROM pg_constraint
        WHERE conrelid = 'ledger_posting'::regclass AND contype = 'f'
    LOOP
        EXECUTE format('ALTER TABLE ledger_posting DROP CONSTRAINT %I', found.conname);
    END LOOP;
    FOR found IN SELECT i.indexrelid::regclass AS name FROM pg_index AS i
        WHERE i.indrelid = 'ledger_posting'::regclass AND NOT i.indisprimary
    LOOP
        EXECUTE format('DROP INDEX %s', found.name);
    END LOOP;
END $$;
CREATE INDEX ledger_posting_account ON ledger_posting (account, entry_id);
"""

# Keys are looked up whole, never by their beginning.
NO_PREFIX_INDEX = """
DO $$
DECLARE found text;
BEGIN
    FOR found IN SELECT indexname FROM pg_indexes
        WHERE tablename = 'ledger_journalentry' AND indexname ~ '^ledger_journalentry_key_.*_like$'
    LOOP
        EXECUTE format('DROP INDEX %I', found);
    END LOOP;
END $$;
"""

_UNCHANGING = ("ledger_closedday", "ledger_generalledgerday", "ledger_unmatcheduse")
GUARDS = "".join(
    f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION refuse_change();\n"
    for table in _UNCHANGING
) + "".join(
    f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();\n"
    for table in (*_UNCHANGING, "ledger_journalentry", "ledger_posting", "ledger_unmatchedmoney")
)

SUSPENSE = """
CREATE FUNCTION ledger_unmatched_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wanted text; left_over numeric; used numeric; received numeric;
BEGIN
    wanted := to_jsonb(NEW) ->> TG_ARGV[0];
    SELECT amount, remaining INTO received, left_over FROM ledger_unmatchedmoney WHERE id = wanted;
    SELECT coalesce(sum(amount), 0) INTO used FROM ledger_unmatcheduse WHERE money_id = wanted;
    IF received - used <> left_over THEN
        RAISE EXCEPTION 'unmatched money %: % received, % used, but % remains', wanted, received,
            used, left_over USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_unmatchedmoney_adds_up
    AFTER INSERT OR UPDATE ON ledger_unmatchedmoney DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_unmatched_adds_up('id');
CREATE CONSTRAINT TRIGGER ledger_unmatcheduse_adds_up
    AFTER INSERT ON ledger_unmatcheduse DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_unmatched_adds_up('money_id');
CREATE TRIGGER ledger_unmatchedmoney_stays BEFORE DELETE ON ledger_unmatchedmoney
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def _money(digits: int) -> models.DecimalField:
    return models.DecimalField(decimal_places=2, max_digits=digits)


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0003_entries_complete"),
        ("foundation", "0002_audit_append_only"),
    ]

    operations = [
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(NO_CHECKS_PER_ROW),
        migrations.RunSQL(NO_PREFIX_INDEX),
        migrations.AddField(
            model_name="journalentry",
            name="branch",
            field=models.CharField(default="HEAD", max_length=12),
        ),
        migrations.AddField(
            model_name="journalentry",
            name="product_code",
            field=models.CharField(default="HEAD", max_length=40),
        ),
        migrations.AlterField(
            model_name="journalentry",
            name="posted_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddConstraint(
            model_name="journalentry",
            constraint=models.CheckConstraint(
                condition=models.Q(line_count__gte=2), name="entry_of_two_lines_or_more"
            ),
        ),
        migrations.AddConstraint(
            model_name="journalentry",
            constraint=models.CheckConstraint(
                condition=~models.Q(branch="") & ~models.Q(product_code=""),
                name="entry_has_branch_and_product",
            ),
        ),
        migrations.AddIndex(
            model_name="journalentry",
            index=models.Index(fields=["on"], name="ledger_entry_on"),
        ),
        migrations.RemoveIndex(model_name="journalentry", name="ledger_jour_source__23ab73_idx"),
        migrations.AddIndex(
            model_name="journalentry",
            index=models.Index(fields=["source_id", "source_type"], name="ledger_entry_source"),
        ),
        migrations.AddIndex(
            model_name="journalentry",
            index=models.Index(fields=["branch", "id"], name="ledger_entry_branch"),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(NUMBERED)],
            # A primary key of two columns cannot be altered to, only created.
            state_operations=[
                migrations.DeleteModel("Posting"),
                migrations.CreateModel(
                    name="Posting",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "entry_id",
                                "line_no",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "entry",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="postings",
                                to="ledger.journalentry",
                            ),
                        ),
                        ("line_no", models.SmallIntegerField()),
                        ("account", models.CharField(max_length=10)),
                        ("debit", _money(18)),
                        ("credit", _money(18)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["account", "entry"], name="ledger_posting_account")
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(debit__gt=0, credit=0)
                                | models.Q(debit=0, credit__gt=0),
                                name="one_positive_side",
                            )
                        ],
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="ClosedDay",
            fields=[
                ("on", models.DateField(primary_key=True, serialize=False)),
                ("entries", models.IntegerField()),
                ("debit", _money(20)),
                ("credit", _money(20)),
                (
                    "closed_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(debit=models.F("credit")), name="closed_day_balances"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GeneralLedgerDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "on",
                        "branch",
                        "product_code",
                        "account",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("on", models.DateField()),
                ("branch", models.CharField(max_length=12)),
                ("product_code", models.CharField(max_length=40)),
                ("account", models.CharField(max_length=10)),
                ("opening", _money(20)),
                ("debit", _money(20)),
                ("credit", _money(20)),
                ("closing", _money(20)),
                ("debit_to_date", _money(20)),
                ("credit_to_date", _money(20)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            closing=models.F("opening") + models.F("debit") - models.F("credit")
                        ),
                        name="ledger_day_adds_up",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            closing=models.F("debit_to_date") - models.F("credit_to_date")
                        ),
                        name="ledger_day_is_turnover_to_date",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UnmatchedMoney",
            fields=[
                (
                    "id",
                    models.CharField(max_length=20, primary_key=True, serialize=False),
                ),
                ("reference", models.CharField(max_length=64, unique=True)),
                ("branch", models.CharField(default="HEAD", max_length=12)),
                ("amount", _money(18)),
                ("remaining", _money(18)),
                ("payer", models.CharField(max_length=100)),
                ("received_on", models.DateField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(amount__gt=0, remaining__gte=0)
                        & models.Q(remaining__lte=models.F("amount")),
                        name="unmatched_money_between_nothing_and_all",
                    )
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(remaining__gt=0),
                        fields=["received_on", "id"],
                        name="ledger_unmatched_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UnmatchedUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=100, unique=True)),
                ("kind", models.CharField(max_length=10)),
                ("amount", _money(18)),
                ("target", models.CharField(max_length=64)),
                ("on", models.DateField()),
                ("actor_id", models.CharField(max_length=100)),
                (
                    "money",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="ledger.unmatchedmoney",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(amount__gt=0), name="unmatched_use_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(kind__in=("applied", "returned")),
                        name="unmatched_use_known_kind",
                    ),
                ],
            },
        ),
        migrations.RunSQL(CHECKS),
        migrations.RunSQL(GUARDS),
        migrations.RunSQL(SUSPENSE),
    ]
