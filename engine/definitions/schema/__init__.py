"""The shape of every file a marketer edits; the same models check, explain and complete it in editors."""

import os

# pydantic would look through every installed package for plugins first, a tenth of the time `check` takes.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
