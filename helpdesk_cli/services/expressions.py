"""Expressions of an admin on texts of strangers: searched within bounds of length and time."""

from typing import Any

LONGEST = 100_000
"""So many characters of a text are looked at."""

SECONDS = 0.2
"""So long an expression may search one text; the worst need for ever."""

PATIENCE = 5
"""After so many searches that did not end, an expression is not asked again."""


class Search:
    """Finds expressions in texts; ``given_up`` are those whose search did not end in time.

    Such a search counts as not found. An expression that does not compile raises ValueError.
    """

    def __init__(self) -> None:
        self.given_up: dict[str, int] = {}
        self._compiled: dict[str, Any] = {}

    def __call__(self, expression: str, text: str) -> bool:
        if self.given_up.get(expression, 0) >= PATIENCE:
            return False
        try:
            return self._of(expression).search(text[:LONGEST], timeout=SECONDS) is not None
        except TimeoutError:
            self.given_up[expression] = self.given_up.get(expression, 0) + 1
            return False

    def _of(self, expression: str) -> Any:
        if expression not in self._compiled:
            import regex  # takes as long to load as all the rest of a start: only where a rule asks for it

            try:
                self._compiled[expression] = regex.compile(expression)
            except regex.error as error:
                raise ValueError(f"{expression!r} is no regular expression: {error}") from None
        return self._compiled[expression]

    def complaints(self) -> list[str]:
        """What to say of searches that did not end, a line each."""
        return [
            f"the expression {expression!r} took too long on {count} text{'s' if count > 1 else ''}, "
            "which counts as not found"
            for expression, count in self.given_up.items()
        ]
