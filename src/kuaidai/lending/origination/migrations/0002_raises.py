"""An application may ask to raise the limit of a line, and then has no line of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('origination', '0001_initial'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='application',
            name='application_active_has_facility',
        ),
        migrations.AddField(
            model_name='application',
            name='raises',
            field=models.CharField(max_length=20, null=True),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'active'), _negated=True), ('facility_id__isnull', False), ('raises__isnull', False), _connector='OR'), name='application_active_has_facility'),
        ),
    ]
