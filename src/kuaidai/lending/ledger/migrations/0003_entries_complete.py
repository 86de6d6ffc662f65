"""An entry says how many lines it has, so that nothing can be added to it later, nor left out."""

from django.db import migrations, models

FORWARD = """
ALTER TABLE ledger_journalentry DISABLE TRIGGER ledger_entry_append_only;
UPDATE ledger_journalentry e SET line_count =
    (SELECT count(*) FROM ledger_posting p WHERE p.entry_id = e.id);
ALTER TABLE ledger_journalentry ENABLE TRIGGER ledger_entry_append_only;
CREATE FUNCTION ledger_check_entry(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    difference numeric; found integer; expected integer;
BEGIN
    SELECT coalesce(sum(debit) - sum(credit), 0), count(*) INTO difference, found
        FROM ledger_posting WHERE entry_id = wanted;
    SELECT line_count INTO expected FROM ledger_journalentry WHERE id = wanted;
    IF difference <> 0 THEN
        RAISE EXCEPTION 'journal entry % does not balance: %', wanted, difference
            USING ERRCODE = 'check_violation';
    END IF;
    IF found <> expected THEN
        RAISE EXCEPTION 'journal entry % has % lines, not %', wanted, found, expected
            USING ERRCODE = 'check_violation';
    END IF;
END $$;
CREATE OR REPLACE FUNCTION ledger_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_check_entry(NEW.entry_id);
    RETURN NULL;
END $$;
CREATE FUNCTION ledger_entry_complete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_check_entry(NEW.id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entry_complete AFTER INSERT ON ledger_journalentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_complete();
"""
BACKWARD = """
DROP TRIGGER ledger_entry_complete ON ledger_journalentry;
DROP FUNCTION ledger_entry_complete();
CREATE OR REPLACE FUNCTION ledger_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE difference numeric;
BEGIN
    SELECT coalesce(sum(debit) - sum(credit), 0) INTO difference
        FROM ledger_posting WHERE entry_id = NEW.entry_id;
    IF difference <> 0 THEN
        RAISE EXCEPTION 'journal entry % does not balance: %', NEW.entry_id, difference
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
DROP FUNCTION ledger_check_entry(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_guards")]
    operations = [
        migrations.AddField(
            model_name="journalentry",
            name="line_count",
            field=models.SmallIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
