"""The database itself refuses to change the kind of a model on the register."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER model_kind_fixed BEFORE UPDATE ON policy_modelversion FOR EACH ROW
    WHEN (OLD.kind IS DISTINCT FROM NEW.kind) EXECUTE FUNCTION refuse_change();
"""
BACKWARD = "DROP TRIGGER model_kind_fixed ON policy_modelversion;"


class Migration(migrations.Migration):
    dependencies = [("policy", "0004_shadows")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
