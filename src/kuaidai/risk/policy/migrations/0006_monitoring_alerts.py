"""Alerts of monitoring: what stays on the list until a person has looked into it or it is gone."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("policy", "0005_kind_fixed")]
    operations = [
        migrations.CreateModel(
            name="MonitoringAlert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=30)),
                ("subject", models.CharField(blank=True, max_length=100)),
                (
                    "level",
                    models.CharField(
                        choices=[("stable", "stable"), ("watch", "watch"), ("alert", "alert")],
                        max_length=10,
                    ),
                ),
                ("value", models.FloatField()),
                ("limit", models.FloatField()),
                ("en", models.TextField()),
                ("zh", models.TextField()),
                ("since", models.DateField()),
                ("month", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("acknowledged", "acknowledged"),
                            ("closed", "closed"),
                        ],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("acknowledged_by", models.CharField(blank=True, default="", max_length=100)),
                ("acknowledged_on", models.DateField(null=True)),
                ("acknowledged_level", models.CharField(blank=True, default="", max_length=10)),
                ("acknowledged_value", models.FloatField(null=True)),
                ("note", models.TextField(blank=True, default="")),
                (
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alerts",
                        to="policy.modelversion",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=~models.Q(state="closed"),
                        fields=("model_version", "code", "subject"),
                        name="alert_once_until_closed",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(state="acknowledged")
                        | (
                            ~models.Q(acknowledged_by="")
                            & ~models.Q(note="")
                            & models.Q(
                                acknowledged_on__isnull=False, acknowledged_value__isnull=False
                            )
                        ),
                        name="alert_acknowledged_by_a_person",
                    ),
                ],
            },
        ),
    ]
