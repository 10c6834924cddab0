"""DynamoDB's expression language: text in, syntax trees out.

A tree has its `#names` replaced already and knows which names and values it uses.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cdk_streamer_runtime.memory.reserved_words import RESERVED_WORDS

EXPRESSION_BYTES = 4096


class InvalidExpression(Exception):
    """DynamoDB would refuse this expression; the text says why."""


# --- syntax trees ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value is in an item: attribute, map members, list positions."""

    steps: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value that comes with the call, `:name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function over operands, in a condition or in an update."""

    function: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two operands added (`+`) or subtracted (`-`)."""

    operator: str
    left: Operand
    right: Operand


Operand = Path | Placeholder | Call | Arithmetic


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and `=`, `<>`, `<`, `<=`, `>` or `>=`."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    """An operand within two bounds, both included."""

    operand: Operand
    lower: Operand
    upper: Operand


@dataclass(frozen=True, slots=True)
class In:
    """An operand that equals one of some others."""

    operand: Operand
    choices: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """Two conditions that must hold (`AND`)."""

    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Either:
    """Two conditions of which one must hold (`OR`)."""

    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Negation:
    """A condition that must not hold."""

    condition: Condition


Condition = Comparison | Between | In | Call | Both | Either | Negation


@dataclass(frozen=True, slots=True)
class Assignment:
    """`SET path = operand`."""

    path: Path
    operand: Operand


@dataclass(frozen=True, slots=True)
class Change:
    """`ADD path :value` or `DELETE path :value`."""

    path: Path
    value: Placeholder


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """All that an update expression does, by clause."""

    assignments: tuple[Assignment, ...] = ()
    removals: tuple[Path, ...] = ()
    additions: tuple[Change, ...] = ()
    deletions: tuple[Change, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every path that is written."""
        changes = (*self.assignments, *self.additions, *self.deletions)
        return (*(change.path for change in changes), *self.removals)


# --- parser ------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"\s*(?:(?P<word>[A-Za-z][A-Za-z0-9_]*)|(?P<name>\#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<number>[0-9]+)|(?P<symbol><>|<=|>=|[=<>(),.\[\]+-]))"
)
_COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_CONDITION_FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
}
_UPDATE_FUNCTIONS = {"if_not_exists": 2, "list_append": 2}
_PATH_FUNCTIONS = frozenset(
    {"attribute_exists", "attribute_not_exists", "attribute_type", "if_not_exists"}
)
_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")


class Parser:
    """One expression being read from left to right."""

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        if not text.strip():
            raise InvalidExpression("The expression can not be empty;")
        if len(text.encode()) > EXPRESSION_BYTES:
            raise InvalidExpression("Expression size has exceeded the maximum allowed size;")
        self._names = names
        self._tokens = _tokens(text)
        self._position = 0
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()

    # --- whole expressions ---

    def condition(self) -> Condition:
        """Read a condition, key condition or filter expression."""
        condition = self._either()
        self._expect("end", "")
        return condition

    def projection(self) -> tuple[Path, ...]:
        """Read a projection expression."""
        paths = [self._path()]
        while self._accept("symbol", ","):
            paths.append(self._path())
        self._expect("end", "")
        return tuple(paths)

    def actions(self) -> Actions:
        """Read an update expression."""
        assignments: list[Assignment] = []
        removals: list[Path] = []
        changes: dict[str, list[Change]] = {"ADD": [], "DELETE": []}
        seen: set[str] = set()
        while not self._accept("end", ""):
            clause = self._clause(seen)
            more = True
            while more:
                match clause:
                    case "SET":
                        assignments.append(self._assignment())
                    case "REMOVE":
                        removals.append(self._path())
                    case _:
                        changes[clause].append(Change(self._path(), self._placeholder()))
                more = self._accept("symbol", ",")
        return Actions(
            assignments=tuple(assignments),
            removals=tuple(removals),
            additions=tuple(changes["ADD"]),
            deletions=tuple(changes["DELETE"]),
        )

    # --- conditions ---

    def _either(self) -> Condition:
        condition = self._both()
        while self._accept_keyword("OR"):
            condition = Either(condition, self._both())
        return condition

    def _both(self) -> Condition:
        condition = self._negation()
        while self._accept_keyword("AND"):
            condition = Both(condition, self._negation())
        return condition

    def _negation(self) -> Condition:
        if self._accept_keyword("NOT"):
            return Negation(self._negation())
        if self._opens_condition():
            self._expect("symbol", "(")
            condition = self._either()
            self._expect("symbol", ")")
            return condition
        return self._test()

    def _opens_condition(self) -> bool:
        """Tell a parenthesis around a condition from one around an operand, as in `(a) = :b`."""
        if self._peek() != ("symbol", "("):
            return False
        depth, position = 0, self._position
        while True:
            kind, text = self._tokens[position]
            depth += {"(": 1, ")": -1}.get(text, 0) if kind == "symbol" else 0
            position += 1
            if kind == "end":
                return True
            if depth == 0:
                break
        kind, text = self._tokens[position]
        follows_operand = text in _COMPARATORS or (
            kind == "word" and text.upper() in {"BETWEEN", "IN"}
        )
        return not follows_operand

    def _test(self) -> Condition:
        kind, text = self._peek()
        if kind == "word" and text in _CONDITION_FUNCTIONS:
            return self._call(_CONDITION_FUNCTIONS)
        operand = self._operand()
        if self._accept_keyword("BETWEEN"):
            lower = self._operand()
            if not self._accept_keyword("AND"):
                raise self._syntax_error()
            return Between(operand, lower, self._operand())
        if self._accept_keyword("IN"):
            return In(operand, self._choices())
        kind, text = self._peek()
        if kind != "symbol" or text not in _COMPARATORS:
            raise self._syntax_error()
        self._position += 1
        return Comparison(text, operand, self._operand())

    def _choices(self) -> tuple[Operand, ...]:
        self._expect("symbol", "(")
        choices = [self._operand()]
        while self._accept("symbol", ","):
            choices.append(self._operand())
        self._expect("symbol", ")")
        if len(choices) > 100:
            raise InvalidExpression("The IN operator is provided with too many operands;")
        return tuple(choices)

    def _operand(self) -> Operand:
        if self._accept("symbol", "("):
            operand = self._operand()
            self._expect("symbol", ")")
            return operand
        kind, text = self._peek()
        if kind == "word" and self._peek(1) == ("symbol", "("):
            if text in _CONDITION_FUNCTIONS or text in _UPDATE_FUNCTIONS:
                raise InvalidExpression(
                    f"The function is not allowed to be used this way; function: {text}"
                )
            return self._call({"size": 1})
        return self._placeholder() if kind == "value" else self._path()

    # --- updates ---

    def _clause(self, seen: set[str]) -> str:
        kind, text = self._peek()
        clause = text.upper()
        if kind != "word" or clause not in _CLAUSES:
            raise self._syntax_error()
        self._position += 1
        if clause in seen:
            raise InvalidExpression(
                f'The "{clause}" section can only be used once in an update expression;'
            )
        seen.add(clause)
        return clause

    def _assignment(self) -> Assignment:
        path = self._path()
        self._expect("symbol", "=")
        left = self._update_operand()
        kind, text = self._peek()
        if kind == "symbol" and text in "+-":
            self._position += 1
            return Assignment(path, Arithmetic(text, left, self._update_operand()))
        return Assignment(path, left)

    def _update_operand(self) -> Operand:
        if self._accept("symbol", "("):
            operand = self._update_operand()
            self._expect("symbol", ")")
            return operand
        kind, text = self._peek()
        if kind == "word" and self._peek(1) == ("symbol", "("):
            if text in _CONDITION_FUNCTIONS or text == "size":
                raise InvalidExpression(
                    f"The function is not allowed in an update expression; function: {text}"
                )
            return self._call(_UPDATE_FUNCTIONS)
        return self._placeholder() if kind == "value" else self._path()

    # --- parts of both ---

    def _call(self, functions: Mapping[str, int]) -> Call:
        _, function = self._peek()
        if function not in functions:
            raise InvalidExpression(f"Invalid function name; function: {function}")
        self._position += 1
        self._expect("symbol", "(")
        read = self._update_operand if function in _UPDATE_FUNCTIONS else self._operand
        operands = [read()]
        while self._accept("symbol", ","):
            operands.append(read())
        self._expect("symbol", ")")
        if len(operands) != functions[function]:
            raise InvalidExpression(
                "Incorrect number of operands for operator or function; operator or function: "
                f"{function}, number of operands: {len(operands)}"
            )
        if function in _PATH_FUNCTIONS and not isinstance(operands[0], Path):
            raise InvalidExpression(
                f"Operator or function requires a document path; operator or function: {function}"
            )
        return Call(function, tuple(operands))

    def _path(self) -> Path:
        steps: list[str | int] = [self._attribute()]
        while True:
            if self._accept("symbol", "."):
                steps.append(self._attribute())
            elif self._accept("symbol", "["):
                kind, text = self._peek()
                if kind != "number":
                    raise self._syntax_error()
                self._position += 1
                self._expect("symbol", "]")
                steps.append(int(text))
            else:
                return Path(tuple(steps))

    def _attribute(self) -> str:
        kind, text = self._peek()
        if kind == "word":
            if text.upper() in RESERVED_WORDS:
                raise InvalidExpression(
                    f"Attribute name is a reserved keyword; reserved keyword: {text}"
                )
            self._position += 1
            return text
        if kind != "name":
            raise self._syntax_error()
        if text not in self._names:
            raise InvalidExpression(
                "An expression attribute name used in the document path is not defined; "
                f"attribute name: {text}"
            )
        self._position += 1
        self.used_names.add(text)
        return self._names[text]

    def _placeholder(self) -> Placeholder:
        kind, text = self._peek()
        if kind != "value":
            raise self._syntax_error()
        self._position += 1
        self.used_values.add(text)
        return Placeholder(text)

    # --- tokens ---

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        return self._tokens[min(self._position + ahead, len(self._tokens) - 1)]

    def _accept(self, kind: str, text: str) -> bool:
        if self._peek() != (kind, text):
            return False
        self._position += 1
        return True

    def _accept_keyword(self, keyword: str) -> bool:
        kind, text = self._peek()
        if kind != "word" or text.upper() != keyword:
            return False
        self._position += 1
        return True

    def _expect(self, kind: str, text: str) -> None:
        if not self._accept(kind, text):
            raise self._syntax_error()

    def _syntax_error(self) -> InvalidExpression:
        _, text = self._peek()
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
