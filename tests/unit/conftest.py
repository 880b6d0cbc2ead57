"""HYPOTHESIS_PROFILE=long looks further; `make check` takes few, for it is run at every change."""

import os

from hypothesis import settings

settings.register_profile("quick", deadline=None)
settings.register_profile("few", deadline=None, max_examples=25)
settings.register_profile("long", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
