"""The grammar of DynamoDB's expressions: text in, syntax trees out.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdk_streamer_runtime.memory.reserved_words import RESERVED_WORDS
from cdk_streamer_runtime.memory.tokens import InvalidExpression, Tokens
from cdk_streamer_runtime.memory.trees import (
    Actions,
    Arithmetic,
    Assignment,
    Between,
    Both,
    Call,
    Change,
    Comparison,
    Condition,
    Either,
    In,
    Negation,
    Operand,
    Path,
    Placeholder,
)

IN_OPERANDS = 99  # the documentation says 100, but counts the first operand too
_COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_CONDITION_FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
}
_UPDATE_FUNCTIONS = {"if_not_exists": 2, "list_append": 2}
_PATH_FUNCTIONS = frozenset({"attribute_exists", "attribute_not_exists", "if_not_exists"})
_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")


class Parser:
    """One expression being read from left to right."""

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self._names = names
        self._tokens = Tokens(text)
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()

    # --- whole expressions ---

    def condition(self) -> Condition:
        """Read a condition, key condition or filter expression."""
        condition = self._either()
        self._tokens.expect("end", "")
        return condition

    def projection(self) -> tuple[Path, ...]:
        """Read a projection expression."""
        paths = [self._path()]
        while self._tokens.accept("symbol", ","):
            paths.append(self._path())
        self._tokens.expect("end", "")
        return tuple(paths)

    def actions(self) -> Actions:
        """Read an update expression."""
        assignments: list[Assignment] = []
        removals: list[Path] = []
        changes: dict[str, list[Change]] = {"ADD": [], "DELETE": []}
        seen: set[str] = set()
        while not self._tokens.accept("end", ""):
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
                more = self._tokens.accept("symbol", ",")
        return Actions(
            assignments=tuple(assignments),
            removals=tuple(removals),
            additions=tuple(changes["ADD"]),
            deletions=tuple(changes["DELETE"]),
        )

    # --- conditions ---

    def _either(self) -> Condition:
        condition = self._both()
        while self._tokens.accept_keyword("OR"):
            condition = Either(condition, self._both())
        return condition

    def _both(self) -> Condition:
        condition = self._negation()
        while self._tokens.accept_keyword("AND"):
            condition = Both(condition, self._negation())
        return condition

    def _negation(self) -> Condition:
        if self._tokens.accept_keyword("NOT"):
            return Negation(self._negation())
        if self._opens_condition():
            self._check_parentheses()
            self._tokens.expect("symbol", "(")
            condition = self._either()
            self._tokens.expect("symbol", ")")
            return condition
        return self._test()

    def _opens_condition(self) -> bool:
        """Tell a parenthesis around a condition from one around an operand, as in `(a) = :b`."""
        if self._tokens.peek() != ("symbol", "("):
            return False
        kind, text = self._tokens.peek(self._tokens.after_parenthesis())
        return not (text in _COMPARATORS or (kind == "word" and text.upper() in {"BETWEEN", "IN"}))

    def _check_parentheses(self) -> None:
        if self._tokens.peek(1) == ("symbol", "("):
            inner = self._tokens.after_parenthesis(1)
            if self._tokens.after_parenthesis() == inner + 1:
                raise InvalidExpression("The expression has redundant parentheses;")

    def _test(self) -> Condition:
        kind, text = self._tokens.peek()
        if kind == "word" and text in _CONDITION_FUNCTIONS:
            return self._call(_CONDITION_FUNCTIONS)
        operand = self._operand()
        if self._tokens.accept_keyword("BETWEEN"):
            lower = self._operand()
            if not self._tokens.accept_keyword("AND"):
                raise self._tokens.error()
            return Between(operand, lower, self._operand())
        if self._tokens.accept_keyword("IN"):
            return In(operand, self._choices())
        kind, text = self._tokens.peek()
        if kind != "symbol" or text not in _COMPARATORS:
            raise self._tokens.error()
        self._tokens.skip()
        return Comparison(text, operand, self._operand())

    def _choices(self) -> tuple[Operand, ...]:
        self._tokens.expect("symbol", "(")
        choices = [self._operand()]
        while self._tokens.accept("symbol", ","):
            choices.append(self._operand())
        self._tokens.expect("symbol", ")")
        if len(choices) > IN_OPERANDS:
            raise InvalidExpression("The IN operator is provided with too many operands;")
        return tuple(choices)

    def _operand(self) -> Operand:
        if self._tokens.peek() == ("symbol", "("):
            self._check_parentheses()
            self._tokens.skip()
            operand = self._operand()
            self._tokens.expect("symbol", ")")
            return operand
        kind, text = self._tokens.peek()
        if kind == "word" and self._tokens.peek(1) == ("symbol", "("):
            if text in _CONDITION_FUNCTIONS or text in _UPDATE_FUNCTIONS:
                raise InvalidExpression(
                    f"The function is not allowed to be used this way; function: {text}"
                )
            return self._call({"size": 1})
        return self._placeholder() if kind == "value" else self._path()

    # --- updates ---

    def _clause(self, seen: set[str]) -> str:
        kind, text = self._tokens.peek()
        clause = text.upper()
        if kind != "word" or clause not in _CLAUSES:
            raise self._tokens.error()
        self._tokens.skip()
        if clause in seen:
            raise InvalidExpression(
                f'The "{clause}" section can only be used once in an update expression;'
            )
        seen.add(clause)
        return clause

    def _assignment(self) -> Assignment:
        path = self._path()
        self._tokens.expect("symbol", "=")
        left = self._update_operand()
        kind, text = self._tokens.peek()
        if kind == "symbol" and text in "+-":
            self._tokens.skip()
            right = self._update_operand()
            _check_nesting((left, right))
            return Assignment(path, Arithmetic(text, left, right))
        return Assignment(path, left)

    def _update_operand(self) -> Operand:
        if self._tokens.peek() == ("symbol", "("):
            self._check_parentheses()
            self._tokens.skip()
            operand = self._update_operand()
            self._tokens.expect("symbol", ")")
            return operand
        kind, text = self._tokens.peek()
        if kind == "word" and self._tokens.peek(1) == ("symbol", "("):
            if text in _CONDITION_FUNCTIONS or text == "size":
                raise InvalidExpression(
                    f"The function is not allowed in an update expression; function: {text}"
                )
            return self._call(_UPDATE_FUNCTIONS)
        return self._placeholder() if kind == "value" else self._path()

    # --- parts of both ---

    def _call(self, functions: Mapping[str, int]) -> Call:
        _, function = self._tokens.peek()
        if function not in functions:
            raise InvalidExpression(f"Invalid function name; function: {function}")
        self._tokens.skip()
        self._tokens.expect("symbol", "(")
        read = self._update_operand if function in _UPDATE_FUNCTIONS else self._operand
        operands = [read()]
        while self._tokens.accept("symbol", ","):
            operands.append(read())
        self._tokens.expect("symbol", ")")
        if len(operands) != functions[function]:
            raise InvalidExpression(
                "Incorrect number of operands for operator or function; operator or function: "
                f"{function}, number of operands: {len(operands)}"
            )
        _check_nesting(operands)
        if function in _PATH_FUNCTIONS and not isinstance(operands[0], Path):
            raise InvalidExpression(
                f"Operator or function requires a document path; operator or function: {function}"
            )
        return Call(function, tuple(operands))

    def _path(self) -> Path:
        attribute = self._attribute()
        inner: list[str | int] = []
        while True:
            if self._tokens.accept("symbol", "."):
                inner.append(self._attribute())
            elif self._tokens.accept("symbol", "["):
                kind, text = self._tokens.peek()
                if kind != "number":
                    raise self._tokens.error()
                self._tokens.skip()
                self._tokens.expect("symbol", "]")
                inner.append(int(text))
            else:
                return Path(attribute, tuple(inner))

    def _attribute(self) -> str:
        kind, text = self._tokens.peek()
        if kind == "word":
            if text.upper() in RESERVED_WORDS:
                raise InvalidExpression(
                    f"Attribute name is a reserved keyword; reserved keyword: {text}"
                )
            self._tokens.skip()
            return text
        if kind != "name":
            raise self._tokens.error()
        if text not in self._names:
            raise InvalidExpression(
                "An expression attribute name used in the document path is not defined; "
                f"attribute name: {text}"
            )
        self._tokens.skip()
        self.used_names.add(text)
        return self._names[text]

    def _placeholder(self) -> Placeholder:
        kind, text = self._tokens.peek()
        if kind != "value":
            raise self._tokens.error()
        self._tokens.skip()
        self.used_values.add(text)
        return Placeholder(text)


def _check_nesting(operands: Sequence[Operand]) -> None:
    """Refuse list_append anywhere but at the top of an assignment; DynamoDB does not say why."""
    for operand in operands:
        if isinstance(operand, Call) and operand.function == "list_append":
            raise InvalidExpression(
                "The function is not allowed to be used this way in an expression; "
                "function: list_append"
            )
