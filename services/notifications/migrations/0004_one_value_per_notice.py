"""What a notice exists once by becomes one value of sixteen bytes that begins with its subject."""

from django.db import migrations, models

ONCE = (
    "(left(md5(subject_kind || '|' || subject_id), 12)"
    " || left(md5(kind || '|' || round || '|' || channel || '|' || recipient_id), 20))::uuid"
)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_slimmer_rows")]

    operations = [
        migrations.RemoveConstraint(model_name="notice", name="notice_once"),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                models.Func(output_field=models.UUIDField(), template=ONCE),
                name="notice_once",
                violation_error_message="A message about one event goes to one person once per channel.",
            ),
        ),
    ]
