"""Challengers in the shadow, whose scores the database itself refuses to change."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE TRIGGER shadow_append_only BEFORE UPDATE OR DELETE ON policy_shadowscore
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
BACKWARD = "DROP TRIGGER shadow_append_only ON policy_shadowscore;"


class Migration(migrations.Migration):
    dependencies = [("policy", "0003_monitoring")]
    operations = [
        migrations.AddField(
            model_name="modelversion", name="shadow_from", field=models.DateField(null=True)
        ),
        migrations.AddField(
            model_name="modelversion", name="shadow_until", field=models.DateField(null=True)
        ),
        migrations.AddConstraint(
            model_name="modelversion",
            constraint=models.CheckConstraint(
                condition=models.Q(shadow_from__isnull=True) | ~models.Q(status="draft"),
                name="model_shadow_submitted",
            ),
        ),
        migrations.CreateModel(
            name="ShadowScore",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("score", models.IntegerField(null=True)),
                ("grade", models.CharField(blank=True, default="", max_length=30)),
                ("pd", models.DecimalField(decimal_places=6, max_digits=9, null=True)),
                ("refused", models.CharField(blank=True, default="", max_length=60)),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shadows",
                        to="policy.decisionrecord",
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="policy.modelversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("decision", "model_version"), name="shadow_scores_a_decision_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(score__isnull=False, pd__isnull=False, refused="")
                        | (models.Q(score__isnull=True, pd__isnull=True) & ~models.Q(refused="")),
                        name="shadow_score_or_refusal",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
