"""Settings of the server that `pages.py` measures: the demo's, with two bare views more.

Keys are the ones of the process that filled the database, whose settings are the tests'.
"""

from portal.settings.demo import *  # noqa: F403
from portal.settings.test import FIELD_KEYS as FIELD_KEYS
from portal.settings.test import SECRET_KEY as SECRET_KEY

ROOT_URLCONF = "tests.benchmarks.bare_site"
