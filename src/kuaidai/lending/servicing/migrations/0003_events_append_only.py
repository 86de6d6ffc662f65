"""The database itself refuses to change a loan's events: they are what replay reads."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER servicing_loanevent_append_only BEFORE UPDATE OR DELETE ON servicing_loanevent
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
BACKWARD = "DROP TRIGGER servicing_loanevent_append_only ON servicing_loanevent;"


class Migration(migrations.Migration):
    dependencies = [
        ("servicing", "0002_early_repayment_and_grace"),
        ("foundation", "0002_audit_append_only"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
