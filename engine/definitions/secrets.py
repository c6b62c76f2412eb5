"""Where `!secret NAME` is looked up: the environment, then config/secrets.yaml, which stays out of git."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from engine.definitions.files import SECRETS_FILE
from engine.definitions.loader import Source, load
from engine.definitions.places import problem_at
from engine.definitions.schema.values import as_written
from engine.model.problem import Problem


class Secrets:
    """Looks secrets up by name; the file is read at the first need. `problems` says what is wrong with it."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        self.environment = environment
        self.problems: list[Problem] = []

    def __call__(self, name: str) -> str | None:
        """The value, or None when it is not set; empty counts as not set."""
        return self.environment.get(name) or self._written.get(name) or None

    @cached_property
    def _written(self) -> dict[str, str]:
        path = self.root / SECRETS_FILE
        if not path.is_file():
            return {}
        document, problems = load(path, Source(self.root))
        self.problems.extend(problems)
        if document is None or document.data is None:
            return {}
        entries = document.data.items() if isinstance(document.data, dict) else ()
        if not isinstance(document.data, dict) or any(isinstance(value, dict | list) for _, value in entries):
            help = "write one `NAME: value` a line"
            problem = problem_at(document.start, "Y014", "secrets are single values by name", help)
            self.problems.append(problem)
        return {
            str(key): as_written(value)
            for key, value in entries
            if value is not None and not isinstance(value, dict | list)
        }
