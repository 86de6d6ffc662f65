"""The index on a reservation's line goes: the key's own begins with it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("servicing", "0007_loan_projections")]
    operations = [
        migrations.AlterField(
            "limitreservation",
            "facility",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reservations",
                to="servicing.facility",
            ),
        ),
    ]
