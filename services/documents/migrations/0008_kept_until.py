from datetime import timedelta

from django.db import migrations, models
from django.db.models import DateField, F
from django.db.models.functions import Cast


def two_years(apps, schema_editor):
    """What was kept before the consent named a time is kept as long as the text in force says."""
    rows = apps.get_model("documents", "KeptDocument").objects.filter(kept_until=None)
    rows.update(kept_until=Cast(F("kept_at") + timedelta(days=730), DateField()))


class Migration(migrations.Migration):

    dependencies = [
        ("documents", "0007_wallet"),
    ]

    operations = [
        migrations.AddField(
            model_name="keptdocument",
            name="consent_hash",
            field=models.CharField(blank=True, max_length=64, default=""),
            preserve_default=False,
        ),
        migrations.AddField(model_name="keptdocument", name="kept_until", field=models.DateField(null=True)),
        migrations.RunPython(two_years, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(model_name="keptdocument", name="kept_until", field=models.DateField()),
    ]
