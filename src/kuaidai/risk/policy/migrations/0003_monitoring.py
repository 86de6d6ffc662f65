"""Monitoring reports, which the database itself refuses to change."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE TRIGGER monitoring_append_only BEFORE UPDATE OR DELETE ON policy_monitoringrun
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
BACKWARD = "DROP TRIGGER monitoring_append_only ON policy_monitoringrun;"


class Migration(migrations.Migration):
    dependencies = [("policy", "0002_append_only"), ("foundation", "0002_audit_append_only")]
    operations = [
        migrations.CreateModel(
            name="MonitoringRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField()),
                ("on", models.DateField()),
                (
                    "level",
                    models.CharField(
                        choices=[("stable", "stable"), ("watch", "watch"), ("alert", "alert")],
                        max_length=10,
                    ),
                ),
                ("report", models.TextField()),
                ("recorded_at", models.DateTimeField(auto_now_add=True)),
                (
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="monitoring",
                        to="policy.modelversion",
                    ),
                ),
            ],
            options={
                "ordering": ["-month", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("model_version", "month"), name="model_monitored_once_a_month"
                    )
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
