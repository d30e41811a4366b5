"""A notice is smaller on disk: one random key instead of two, and its values packed.

Values written before stay readable as they are (services/notifications/packing.py).
"""

from django.db import migrations

import services.notifications.packing


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_one_key_per_notice")]

    operations = [
        migrations.RemoveConstraint(model_name="notice", name="notice_public_id"),
        migrations.RemoveField(model_name="notice", name="public_id"),
        migrations.AlterField(
            model_name="notice",
            name="params",
            field=services.notifications.packing.PackedJSONField(bind="dedup_key", verbose_name="values"),
        ),
    ]
