"""What a person is asked for: a text that outlives every failure, and a yes or no."""

from .text import Wording, confirm

__all__ = ["Wording", "confirm"]
