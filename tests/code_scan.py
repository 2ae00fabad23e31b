"""Which codes the source can give a person: read from its syntax tree, so that none can hide from docs/codes.md."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from dotlocal.core.codes import doctor

SOURCE = Path(__file__).resolve().parents[1] / "src" / "dotlocal"
TABLE = "core/codes/"

# what is called with a code → where in its arguments the code stands
_TAKERS = {"Refused": 0, "Absent": 0, "Finding": 0, "LeftOut": 2, "unseal": 2, "Cause": 0, "Rule": 0}
_WAYS = {"Refused": "refused", "Absent": "absent", "LeftOut": "note", "unseal": "refused"}
_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

Found = dict[str, dict[str, set[str]]]
"""code → way (refused, absent, or a finding's severity) → places."""


def scan(source: Path = SOURCE) -> Found:
    """Every code in the source, the ways in which it is given, and where."""
    found: Found = defaultdict(lambda: defaultdict(set))
    for path in sorted(source.rglob("*.py")):
        name = str(path.relative_to(source))
        if not name.startswith(TABLE):
            for code, way, line in _Module(ast.parse(path.read_text())).codes():
                found[code][way].add(f"{name}:{line}")
    return found


class _Module:
    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]

    def codes(self) -> Iterator[tuple[str, str, int]]:
        """(code, way, line) of everything that this module gives."""
        for function in [self._tree, *(node for node in ast.walk(self._tree) if isinstance(node, ast.FunctionDef))]:
            for node in _own(function):
                if isinstance(node, ast.Call) and (taker := _called(node)) in _TAKERS:
                    if argument := _argument(node, _TAKERS[taker], "code"):
                        for code in self._resolved(argument, function):
                            yield code, _WAYS.get(taker) or _of_doctor(taker, code) or _severity(node), node.lineno
                elif isinstance(node, ast.Return) and _is_reason(node.value):
                    yield node.value.elts[0].value, "note", node.lineno  # type: ignore[union-attr]
        yield from self._rules()
        yield from self._told()

    def _told(self) -> Iterator[tuple[str, str, int]]:
        # f"dotlocal: error: {message} (usage)\n": the one error that is told without an exception, and ends with 2
        for node in ast.walk(self._tree):
            for part in node.values if isinstance(node, ast.JoinedStr) else ():
                if isinstance(part, ast.Constant) and (told := re.match(r" \(([a-z-]+)\)\n", str(part.value))):
                    yield told[1], "absent", part.lineno

    def _rules(self) -> Iterator[tuple[str, str, int]]:
        # RULES = (("lint-version", "RFC 5280 …", _version), …): each of them becomes a finding of severity error, or of
        # the one that stands in second place
        for node in self._tree.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "RULES":
                for row in node.value.elts:  # type: ignore[union-attr]
                    own = getattr(row.elts[1], "id", "error").lower()
                    yield row.elts[0].value, own, row.lineno

    def _resolved(self, value: ast.expr, function: ast.AST) -> Iterator[str]:
        match value:
            case ast.Constant(value=str(text)) if _CODE.fullmatch(text):
                yield text
            case ast.IfExp():
                yield from (*self._resolved(value.body, function), *self._resolved(value.orelse, function))
            case ast.BoolOp():
                for each in value.values:
                    yield from self._resolved(each, function)
            case ast.Name(id=name):
                yield from self._bound(name)
                yield from self._passed(name, function)

    def _bound(self, name: str) -> Iterator[str]:
        """What is assigned to the name: itself, or at its place in a tuple, from a table of tuples too."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name) and target.id == name:
                        yield from self._resolved(node.value, self._tree)
                    elif isinstance(target, ast.Tuple):
                        for index, element in enumerate(target.elts):
                            if isinstance(element, ast.Name) and element.id == name:
                                yield from self._elements(node.value, index)

    def _elements(self, value: ast.expr, index: int) -> Iterator[str]:
        match value:
            case ast.Tuple(elts=elements) if index < len(elements):
                yield from self._resolved(elements[index], self._tree)
            case ast.Dict(values=rows):
                for row in rows:
                    yield from self._elements(row, index)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=table), attr="get"), args=[_, default]):
                yield from self._elements(default, index)
                for node in self._tree.body:
                    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                    if any(isinstance(target, ast.Name) and target.id == table for target in targets):
                        yield from self._elements(node.value, index)  # type: ignore[attr-defined]

    def _passed(self, name: str, function: ast.AST) -> Iterator[str]:
        """What this module's calls pass for a parameter of the function."""
        if not isinstance(function, ast.FunctionDef):
            return
        parameters = [argument.arg for argument in function.args.args if argument.arg not in ("self", "cls")]
        if name in parameters:
            for call in self._calls:
                argument = _argument(call, parameters.index(name), name)
                if _called(call) == function.name and isinstance(argument, ast.Constant):
                    yield str(argument.value)


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function but for those of functions inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef):
            yield child
            yield from _own(child)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _argument(call: ast.Call, index: int, name: str) -> ast.expr | None:
    named = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    return call.args[index] if index < len(call.args) else named


def _severity(call: ast.Call) -> str:
    second = call.args[1] if len(call.args) > 1 else None
    return str(getattr(second, "id", getattr(second, "value", ""))).lower()


def _of_doctor(taker: str, code: str) -> str:
    """A cause of doctor's is as grave as its row says, at run time too."""
    return doctor.FOUND[code].severity if taker in ("Cause", "Rule") and code in doctor.FOUND else ""


def _is_reason(value: ast.expr | None) -> bool:
    """Whether a function returns a code and its reason, as `unusable` does."""
    if not isinstance(value, ast.Tuple) or len(value.elts) != 2:
        return False
    code, reason = value.elts
    says = isinstance(reason, ast.JoinedStr | ast.BinOp) or isinstance(getattr(reason, "value", None), str)
    return isinstance(code, ast.Constant) and isinstance(code.value, str) and says and bool(_CODE.fullmatch(code.value))
