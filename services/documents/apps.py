"""Django's entry for services.documents."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Uploads and official papers"""

    name = "services.documents"
    label = "documents"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Uploads and official papers"
