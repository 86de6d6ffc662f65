"""One audit chain becomes a chain per stream; the chain so far is stream 0, its hashes unchanged."""

from django.db import migrations, models

NUMBERED = """
CREATE SEQUENCE foundation_audit_number AS bigint;
SELECT setval('foundation_audit_number', (SELECT coalesce(max(number), 0) + 1
    FROM foundation_auditrecord), false);
ALTER TABLE foundation_auditrecord DISABLE TRIGGER audit_append_only;
UPDATE foundation_auditrecord SET place = number;
ALTER TABLE foundation_auditrecord ENABLE TRIGGER audit_append_only;
UPDATE foundation_audithead SET id = 0;
SET CONSTRAINTS ALL IMMEDIATE;
"""
UNNUMBERED = "DROP SEQUENCE foundation_audit_number; UPDATE foundation_audithead SET id = 1;"


class Migration(migrations.Migration):
    dependencies = [("foundation", "0002_audit_append_only")]
    operations = [
        migrations.RemoveConstraint(model_name="audithead", name="one_audit_head"),
        migrations.RenameField(model_name="audithead", old_name="number", new_name="place"),
        migrations.AddField(
            model_name="auditrecord",
            name="stream",
            field=models.SmallIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditrecord",
            name="place",
            field=models.BigIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="audithead", name="id",
            field=models.SmallIntegerField(primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            model_name="auditrecord", name="hash", field=models.CharField(max_length=64)
        ),
        migrations.RunSQL(NUMBERED, UNNUMBERED),
        migrations.AddConstraint(
            model_name="audithead",
            constraint=models.CheckConstraint(
                condition=models.Q(("id__gte", 0)), name="audit_stream_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="auditrecord",
            constraint=models.UniqueConstraint(
                fields=("stream", "place"), name="audit_place_once"
            ),
        ),
    ]
