"""What changes the catalogue: publishing the folder of YAML files, and importing lists of items."""

from services.catalogue.operations.importing import ImportReport, ListFaultsError, import_list
from services.catalogue.operations.publishing import (
    InconsistentContentError,
    LoadReport,
    check_catalogue,
    load_catalogue,
)

__all__ = [
    "ImportReport",
    "InconsistentContentError",
    "ListFaultsError",
    "LoadReport",
    "check_catalogue",
    "import_list",
    "load_catalogue",
]
