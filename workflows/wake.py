"""Wake-up hints to Celery; the only caller of apply_async."""
