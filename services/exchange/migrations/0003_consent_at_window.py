from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("exchange", "0002_consents"),
    ]

    operations = [
        migrations.AddField(
            model_name="sharingconsent", name="at_window", field=models.BooleanField(default=False)
        ),
    ]
