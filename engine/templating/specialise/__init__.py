"""The online partial evaluator: a template meets its static data once, and what is personal stays behind."""

from engine.templating.specialise.residual import CannotSplit, Personal, Residual
from engine.templating.specialise.specialising import specialise, specialise_string

__all__ = ["CannotSplit", "Personal", "Residual", "specialise", "specialise_string"]
