from django.db import migrations


def forget_what_was_not_found(apps, schema_editor):
    """Delete what was kept about keys that a register did not know: it is asked again each time from now on."""
    apps.get_model("exchange", "CachedAnswer").objects.filter(found=False).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0003_consent_at_window'),
    ]

    operations = [
        migrations.RunPython(forget_what_was_not_found, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name='cachedanswer',
            name='found',
        ),
    ]
