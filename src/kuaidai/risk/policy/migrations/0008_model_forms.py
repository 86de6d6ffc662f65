"""The register holds models of other forms than scorecards; a model keeps its form."""

from django.db import migrations, models

FORMS = ("scorecard", "statistical", "machine_learning", "rules", "expert")
FORWARD = """
CREATE TRIGGER model_form_fixed BEFORE UPDATE ON policy_modelversion FOR EACH ROW
    WHEN (OLD.form IS DISTINCT FROM NEW.form) EXECUTE FUNCTION refuse_change();
"""
BACKWARD = "DROP TRIGGER model_form_fixed ON policy_modelversion;"


class Migration(migrations.Migration):
    dependencies = [("policy", "0007_long_subjects")]
    operations = [
        migrations.AddField(
            "modelversion",
            "form",
            models.CharField(
                choices=[(form, form) for form in FORMS], default="scorecard", max_length=20
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
