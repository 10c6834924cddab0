"""DynamoDB's expressions as tokens, read one by one."""

from __future__ import annotations

import re

EXPRESSION_BYTES = 4096
_TOKEN = re.compile(
    r"\s*(?:(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<name>\#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<number>[0-9]+)|(?P<symbol><>|<=|>=|[=<>(),.\[\]+-]))"
)


class InvalidExpression(Exception):
    """DynamoDB would refuse this expression; the text says why."""


class Tokens:
    """The tokens of one expression and a place among them."""

    def __init__(self, text: str) -> None:
        if not text.strip():
            raise InvalidExpression("The expression can not be empty;")
        if len(text.encode()) > EXPRESSION_BYTES:
            raise InvalidExpression("Expression size has exceeded the maximum allowed size;")
        self._tokens = _tokens(text)
        self._position = 0

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        """Give the kind and text of a coming token; behind the last one is `end`."""
        return self._tokens[min(self._position + ahead, len(self._tokens) - 1)]

    def skip(self) -> None:
        """Go on to the next token."""
        self._position += 1

    def accept(self, kind: str, text: str) -> bool:
        """Go on if the next token is this one, and tell whether it was."""
        if self.peek() != (kind, text):
            return False
        self._position += 1
        return True

    def accept_keyword(self, keyword: str) -> bool:
        """Go on if the next token is a keyword, in any case."""
        kind, text = self.peek()
        if kind != "word" or text.upper() != keyword:
            return False
        self._position += 1
        return True

    def after_parenthesis(self, ahead: int = 0) -> int:
        """Give how far ahead the token behind a closing parenthesis is, from its opening one."""
        depth, place = 0, self._position + ahead
        for kind, text in self._tokens[place:]:
            place += 1
            depth += {"(": 1, ")": -1}.get(text, 0) if kind == "symbol" else 0
            if depth == 0:
                return place - self._position
        raise self.error()

    def expect(self, kind: str, text: str) -> None:
        """Go on if the next token is this one; raises InvalidExpression."""
        if not self.accept(kind, text):
            raise self.error()

    def error(self) -> InvalidExpression:
        """Give the error for a token that cannot stand here."""
        _, text = self.peek()
        return InvalidExpression(f'Syntax error; token: "{text or "<EOF>"}"')


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise InvalidExpression(f'Syntax error; token: "{text[position:].strip()[0]}"')
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    tokens.append(("end", ""))
    return tokens
