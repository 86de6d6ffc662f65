"""An alert about a characteristic of one segment names both."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("policy", "0006_monitoring_alerts")]
    operations = [
        migrations.AlterField("monitoringalert", "subject", models.TextField(blank=True)),
    ]
