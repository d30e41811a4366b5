"""What the law counts beside the limits of a version; versions that are there keep the law's own rules."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0003_questions_answer_elements")]

    operations = [
        migrations.AddField(
            model_name="serviceversion",
            name="limit_rules",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="what the law counts beside these limits; empty means the law's own rules",
                verbose_name="further rules of time",
            ),
        ),
        migrations.AddField(
            model_name="bundleversion",
            name="joint_extension",
            field=models.PositiveIntegerField(
                default=0, verbose_name="one extension of the joint limit by the people's government"
            ),
        ),
    ]
