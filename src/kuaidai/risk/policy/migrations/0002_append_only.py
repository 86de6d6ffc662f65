"""The database itself refuses to change decision records and what a version says."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON policy_decisionrecord
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
BACKWARD = "DROP TRIGGER decision_append_only ON policy_decisionrecord;"

VERSION_FORWARD = """
CREATE TRIGGER {table}_content_fixed BEFORE UPDATE ON {table} FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.version IS DISTINCT FROM NEW.version
          OR OLD.content IS DISTINCT FROM NEW.content
          OR OLD.content_hash IS DISTINCT FROM NEW.content_hash)
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER {table}_kept BEFORE DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
VERSION_BACKWARD = """
DROP TRIGGER {table}_content_fixed ON {table};
DROP TRIGGER {table}_kept ON {table};
"""


class Migration(migrations.Migration):
    dependencies = [("policy", "0001_initial"), ("foundation", "0002_audit_append_only")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        *(
            migrations.RunSQL(VERSION_FORWARD.format(table=t), VERSION_BACKWARD.format(table=t))
            for t in ("policy_modelversion", "policy_policyversion")
        ),
    ]
