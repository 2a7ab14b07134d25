"""What a Python can run: its version, whether AWS's runtime is there, and which packages a
function's code asks for in vain. Says it as JSON. Any Python can read this, an old one too.

Its arguments: the folder of the code, then the folders of layers that modules come from.
"""

import json
import os
import re
import sys

# What Lambda's Python brings along.
BROUGHT = ("boto3", "botocore")


def main(code, layers):
    found = {
        "executable": sys.executable,
        "version": list(sys.version_info[:3]),
        "prefix": sys.prefix,
    }
    if sys.version_info >= (3, 8):
        # This file's own folder goes.
        sys.path[:1] = [code]
        sys.path[1:1] = layers
        found["awslambdaric"] = has_awslambdaric()
        found["missing"] = missing(os.path.join(code, "requirements.txt"))
        found["brought"] = [name for name in imported(code) if not can_import(name)]
    print(json.dumps(found))


def has_awslambdaric():
    try:
        import awslambdaric.bootstrap
        import runtime_client
    except Exception:
        return False
    return True


def can_import(name):
    from importlib.util import find_spec

    try:
        return find_spec(name) is not None
    except Exception:
        return False


def missing(requirements):
    """The packages of a file of requirements that are neither installed nor beside the code."""
    from importlib import metadata

    names = []
    for line in lines_of(requirements, set()):
        name = requirement(line)
        if name is None or name in names or can_import(re.sub("[-.]", "_", name)):
            continue
        try:
            metadata.distribution(name)
        except Exception:
            names.append(name)
    return names


def lines_of(requirements, seen):
    """The lines of a file of requirements, and of those that it includes with `-r`."""
    path = os.path.abspath(requirements)
    if path in seen:
        return
    seen.add(path)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return
    for line in lines:
        other = re.match(r"\s*(?:-r|--requirement)[ =]*([^#\s]+)", line)
        if other is None:
            yield line
            continue
        included = os.path.join(os.path.dirname(path), other.group(1))
        for inner in lines_of(included, seen):
            yield inner


def requirement(line):
    """The name in a line, if it wants a package of that name on this machine."""
    line = re.sub(r"(^|\s)#.*", "", line).strip()
    line, _, marker = line.partition(";")
    if "://" in line.split("@")[0] or not applies(marker.strip()):
        return None
    match = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*($|[=<>!~@,(\s\\])", line)
    # A folder or a file beside it, not a name.
    is_path = match and os.sep in line.split("@")[0]
    return match.group(1) if match and not is_path else None


def applies(marker):
    """Whether a marker holds here. One that nothing here can read holds for nobody."""
    if not marker:
        return True
    for module in ("packaging.markers", "pip._vendor.packaging.markers"):
        try:
            from importlib import import_module

            return import_module(module).Marker(marker).evaluate()
        except Exception:
            continue
    return False


def imported(code):
    """Which of `BROUGHT` the files in the folder import."""
    texts = []
    for name in sorted(os.listdir(code)):
        if name.endswith(".py"):
            try:
                with open(os.path.join(code, name), encoding="utf-8", errors="replace") as file:
                    texts.append(file.read())
            except OSError:
                pass
    text = "\n".join(texts)
    return [
        name
        for name in BROUGHT
        if re.search(r"^(import|from)[ \t]+%s\b" % name, text, re.MULTILINE)
    ]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
