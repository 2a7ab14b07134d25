"""Random items and expressions on them, as trees that can be shrunk.

An example is a dictionary: `item` (what is stored before), `operation`, `tree` (its expression),
`names` (whether names are written as placeholders). Trees are tuples, their first element says what
they are.
"""

import base64
import re

KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
NAMES = ["a", "b", "n", "s", "l", "m", "ss", "ns", "t", "z", "size", "name"]
FUNCTIONS = ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"]
COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]
OPERATIONS = ["put", "delete", "update", "update-if", "scan", "query", "get"]
TYPES = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "L", "M"]


def example(chance):
    operation = chance.choice(OPERATIONS)
    item = {name: value(chance, 2) for name in chance.sample(NAMES, chance.randint(1, 6))}
    if operation.startswith("update"):
        tree = update(chance)
        if operation == "update-if":
            tree = ("both", tree, condition(chance, 1))
    elif operation == "query":
        tree = key_condition(chance)
    elif operation == "get":
        tree = ("projection", [path(chance) for _ in range(chance.randint(1, 4))])
    else:
        tree = condition(chance, 3)
    return {"item": item, "operation": operation, "tree": tree, "names": chance.random() < 0.7}


def value(chance, depth):
    kind = chance.choice(TYPES if depth else TYPES[:7])
    if kind == "S":
        return {"S": chance.choice(["", "a", "ab", "b", "é", "S", "10"])}
    if kind == "N":
        return {"N": chance.choice(["0", "1", "-1", "2", "10", "1.5", "0.10", "-0", "1e2"])}
    if kind == "B":
        return {"B": base64.b64encode(chance.choice([b"a", b"ab", b"\xff"])).decode()}
    if kind == "BOOL":
        return {"BOOL": chance.random() < 0.5}
    if kind == "NULL":
        return {"NULL": True}
    if kind == "SS":
        return {"SS": chance.sample(["a", "b", "ab"], chance.randint(1, 3))}
    if kind == "NS":
        return {"NS": chance.sample(["1", "2", "10"], chance.randint(1, 3))}
    if kind == "L":
        return {"L": [value(chance, depth - 1) for _ in range(chance.randint(0, 3))]}
    return {"M": {name: value(chance, depth - 1) for name in chance.sample(["x", "y"], 2)}}


def path(chance):
    parts = [chance.choice(NAMES)]
    while chance.random() < 0.25:
        parts.append(chance.choice(["x", "y", 0, 1, 5]))
    return ("path", parts)


def operand(chance):
    draw = chance.random()
    if draw < 0.5:
        return path(chance)
    return ("size", path(chance)) if draw < 0.6 else ("value", value(chance, 1))


def condition(chance, depth):
    draw = chance.random()
    if depth and draw < 0.4:
        kind = chance.choice(["and", "or", "not"])
        inner = [condition(chance, depth - 1) for _ in range(1 if kind == "not" else 2)]
        return (kind, *inner)
    if draw < 0.65:
        return ("compare", chance.choice(COMPARISONS), operand(chance), operand(chance))
    if draw < 0.72:
        return ("between", operand(chance), ("value", value(chance, 0)), ("value", value(chance, 0)))
    if draw < 0.8:
        return ("in", operand(chance), [operand(chance) for _ in range(chance.randint(1, 3))])
    name = chance.choice(FUNCTIONS)
    if name.endswith("exists"):
        return ("call", name, [path(chance)])
    if name == "attribute_type":
        kind = chance.choice(["S", "N", "BOOL", "L", "M", "NULL", "SS", "X"])
        return ("call", name, [path(chance), ("value", {"S": kind})])
    return ("call", name, [path(chance), operand(chance)])


def update(chance):
    clauses = []
    for kind in chance.sample(["SET", "REMOVE", "ADD", "DELETE"], chance.choice([1, 1, 1, 2, 3])):
        actions = []
        for _ in range(chance.choice([1, 1, 2])):
            if kind == "SET":
                actions.append(("set", path(chance), assigned(chance)))
            elif kind == "REMOVE":
                actions.append(path(chance))
            else:
                actions.append(("change", path(chance), ("value", value(chance, 0))))
        clauses.append(("clause", kind, actions))
    return ("update", clauses)


def assigned(chance):
    def simple():
        draw = chance.random()
        if draw < 0.4:
            return path(chance)
        if draw < 0.55:
            return ("call", "if_not_exists", [path(chance), ("value", value(chance, 1))])
        return ("value", value(chance, 1))

    draw = chance.random()
    if draw < 0.25:
        return ("sum", chance.choice("+-"), simple(), simple())
    if draw < 0.4:
        return ("call", "list_append", [simple(), simple()])
    return simple()


def key_condition(chance):
    pk = ("compare", "=", ("path", ["pk"]), ("value", {"S": chance.choice(["p", "p", "q"])}))
    text = lambda: ("value", {"S": chance.choice(["s", "r", "t", "sa"])})
    sk = ("path", ["sk"])
    draw = chance.random()
    if draw < 0.2:
        return pk
    if draw < 0.4:
        second = ("call", "begins_with", [sk, text()])
    elif draw < 0.6:
        second = ("between", sk, text(), text())
    else:
        second = ("compare", chance.choice(COMPARISONS), sk, text())
    return ("and", pk, second) if chance.random() < 0.8 else ("and", second, pk)


class Writer:
    """Writes a tree as text, with its placeholders."""

    def __init__(self, placeholders):
        self.names, self.values, self.placeholders = {}, {}, placeholders

    def path(self, parts):
        text = ""
        for part in parts:
            if isinstance(part, int):
                text += f"[{part}]"
                continue
            if self.placeholders:
                self.names[f"#{part}"] = part
                part = f"#{part}"
            text += f".{part}" if text else part
        return text

    def text(self, tree):
        kind, *rest = tree
        if kind == "path":
            return self.path(rest[0])
        if kind == "value":
            name = f":v{len(self.values)}"
            self.values[name] = rest[0]
            return name
        if kind == "size":
            return f"size({self.text(rest[0])})"
        if kind in ("and", "or"):
            return f"({self.text(rest[0])}) {kind.upper()} ({self.text(rest[1])})"
        if kind == "not":
            return f"NOT ({self.text(rest[0])})"
        if kind == "compare":
            return f"{self.text(rest[1])} {rest[0]} {self.text(rest[2])}"
        if kind == "between":
            return f"{self.text(rest[0])} BETWEEN {self.text(rest[1])} AND {self.text(rest[2])}"
        if kind == "in":
            return f"{self.text(rest[0])} IN ({', '.join(map(self.text, rest[1]))})"
        if kind == "call":
            return f"{rest[0]}({', '.join(map(self.text, rest[1]))})"
        if kind == "projection":
            return ", ".join(map(self.text, rest[0]))
        if kind == "update":
            return " ".join(map(self.text, rest[0]))
        if kind == "clause":
            return f"{rest[0]} {', '.join(map(self.text, rest[1]))}"
        if kind == "set":
            return f"{self.text(rest[0])} = {self.text(rest[1])}"
        if kind == "change":
            return f"{self.text(rest[0])} {self.text(rest[1])}"
        return f"{self.text(rest[1])} {rest[0]} {self.text(rest[2])}"


def request(example):
    """The operation and its input, but for the table."""
    tree, operation = example["tree"], example["operation"]
    writer = Writer(example["names"])
    if operation == "put":
        given = {"Item": {**KEY, "new": {"BOOL": True}}, "ConditionExpression": writer.text(tree)}
    elif operation == "delete":
        given = {"Key": KEY, "ConditionExpression": writer.text(tree)}
    elif operation == "scan":
        given = {"FilterExpression": writer.text(tree)}
    elif operation == "query":
        # As people write them: not every server takes parentheses here.
        parts = tree[1:] if tree[0] == "and" else [tree]
        given = {"KeyConditionExpression": " AND ".join(map(writer.text, parts))}
    elif operation == "get":
        given = {"Key": KEY, "ProjectionExpression": writer.text(tree)}
    else:
        first, second = (tree[1], tree[2]) if tree[0] == "both" else (tree, None)
        given = {"Key": KEY, "ReturnValues": "ALL_NEW", "UpdateExpression": writer.text(first)}
        if second:
            given["ConditionExpression"] = writer.text(second)
    if writer.names:
        given["ExpressionAttributeNames"] = writer.names
    if writer.values:
        given["ExpressionAttributeValues"] = writer.values
    names = {"put": "PutItem", "delete": "DeleteItem", "scan": "Scan", "query": "Query", "get": "GetItem"}
    return names.get(operation, "UpdateItem"), given


CONDITIONS = ("and", "or", "not", "compare", "between", "in", "call")


def smaller(tree):
    """Trees that are a little smaller."""
    if not isinstance(tree, tuple):
        return
    kind = tree[0]
    if kind == "both":
        yield tree[1]
    if kind in ("and", "or", "not"):
        yield from tree[1:]
    if kind == "sum":
        yield from tree[2:]
    if kind == "path" and len(tree[1]) > 1:
        yield ("path", tree[1][:-1])
    if kind == "value":
        simple = {"S": "a", "N": "1", "BOOL": True, "L": [], "M": {}, "SS": ["a"], "NS": ["1"]}
        (name, held), = tree[1].items()
        if name in simple and held != simple[name]:
            yield ("value", {name: simple[name]})
    for at, part in enumerate(tree):
        if at and isinstance(part, tuple):
            for candidate in smaller(part):
                yield tree[:at] + (candidate,) + tree[at + 1 :]
        elif at and isinstance(part, list) and kind != "path":
            for number in range(len(part)):
                if len(part) > 1 and kind != "call":
                    yield tree[:at] + (part[:number] + part[number + 1 :],) + tree[at + 1 :]
                for candidate in smaller(part[number]):
                    changed = part[:number] + [candidate] + part[number + 1 :]
                    yield tree[:at] + (changed,) + tree[at + 1 :]


def shrunk(example, differs, most=150):
    """The smallest example near this one that still differs."""
    tried = 0
    moved = True
    while moved and tried < most:
        moved = False
        for candidate in candidates(example):
            tried += 1
            if tried >= most:
                break
            if differs(candidate):
                example, moved = candidate, True
                break
    return example


def candidates(example):
    for tree in smaller(example["tree"]):
        operation = example["operation"]
        if operation == "update-if" and tree[0] != "both":
            operation = "update"
        yield {**example, "tree": tree, "operation": operation}
    for name in example["item"]:
        yield {**example, "item": {key: one for key, one in example["item"].items() if key != name}}
    if not example["names"]:
        yield {**example, "names": True}


# What DynamoDB refuses before it looks at an item: operands of types that an operator never takes.
# The engine does so, moto and MiniStack mostly do not.
ORDERED, SETS = {"S", "N", "B"}, {"SS", "NS", "BS"}


def is_refused(tree):
    """Whether a tree has an operand that its operator never takes."""
    if not isinstance(tree, (tuple, list)) or not tree:
        return False
    literals = lambda parts: [next(iter(one[1])) for one in parts if one[0] == "value"]
    kind, *rest = tree
    allowed = None
    if kind == "compare" and rest[0] not in ("=", "<>"):
        allowed, parts = ORDERED, rest[1:]
    elif kind == "between":
        allowed, parts = ORDERED, rest
        if len(set(literals(rest[1:]))) > 1:
            return True
    elif kind == "call" and rest[0] == "begins_with":
        allowed, parts = {"S", "B"}, rest[1]
    elif kind == "call" and rest[0] == "list_append":
        allowed, parts = {"L"}, rest[1]
    elif kind == "sum":
        allowed, parts = {"N"}, rest[1:]
    elif kind == "clause" and rest[0] in ("ADD", "DELETE"):
        allowed = SETS | {"N"} if rest[0] == "ADD" else SETS
        parts = [change[2] for change in rest[1]]
    if allowed and not set(literals(parts)) <= allowed:
        return True
    if kind in ("compare", "call") and any(
        one == other for at, one in enumerate(tree) for other in tree[at + 1 :] if isinstance(one, tuple)
    ):
        return True
    return any(is_refused(part) for part in tree)


# Among the names above.
RESERVED = {"size", "name"}


def words(tree):
    """The names in a tree's paths."""
    if isinstance(tree, tuple) and tree[0] == "path":
        return {part for part in tree[1] if isinstance(part, str)}
    parts = tree if isinstance(tree, (tuple, list)) else []
    return set().union(*map(words, parts))


def overlaps(tree):
    """Whether an update changes one path twice, or a path and what is below it."""
    if tree[0] == "both":
        return overlaps(tree[1])
    if tree[0] != "update":
        return False
    actions = [action for _, _, actions in tree[1] for action in actions]
    paths = [(action if action[0] == "path" else action[1])[1] for action in actions]
    pairs = ((one, other) for at, one in enumerate(paths) for other in paths[at + 1 :])
    return any(one[: len(other)] == other[: len(one)] for one, other in pairs)


def kind(example, engine, others):
    """What kind of difference a shrunk example shows: its shape, without names and values."""
    if engine[0] == "ValidationException" and is_refused(example["tree"]):
        return "refused here: an operand of a type that its operator never takes"
    if engine[0] == "ValidationException" and not example["names"] and words(example["tree"]) & RESERVED:
        return "refused here: a reserved word without a placeholder"
    if engine[0] == "ValidationException" and overlaps(example["tree"]):
        return "refused here: two paths of an update overlap"

    def shape(tree, item):
        kind, *rest = tree
        if kind == "path":
            held = item
            for part in rest[0]:
                inner = next(iter(held.values())) if len(held) == 1 and held is not item else held
                try:
                    held = inner[part]
                except (KeyError, IndexError, TypeError):
                    held = {"-": None}
                    break
            deep = "." if len(rest[0]) > 1 else ""
            return deep + next(iter(held), "-")
        if kind == "value":
            return ":" + next(iter(rest[0]))
        inner = []
        for part in rest:
            if isinstance(part, tuple):
                inner.append(shape(part, item))
            elif isinstance(part, list):
                inner.extend(shape(one, item) for one in part)
            else:
                inner.append(part)
        return f"{kind}({', '.join(inner)})"

    text = shape(example["tree"], example["item"])
    if re.search(r"call\((begins_with|contains), .*size\(", text):
        return "taken here: `size` as the operand of a function"
    if (engine[0] != "ValidationException" or text.startswith("both")) and re.search(r"(compare\((=|<>)|in\()(, )?\.?-, \.?-", text):
        return "two attributes that are both missing are not equal here"
    operation = {"put": "if", "delete": "if", "scan": "if"}.get(example["operation"], example["operation"])
    said = lambda answer: answer[0] if answer[0] != "ok" else "ok"
    return f"{operation} {text}: {said(engine)}, not {said(others)}"
