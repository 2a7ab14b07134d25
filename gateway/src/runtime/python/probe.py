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

    try:
        with open(requirements, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    names = []
    for line in lines:
        name = requirement(line)
        if name is None or can_import(re.sub("[-.]", "_", name)):
            continue
        try:
            metadata.distribution(name)
        except Exception:
            names.append(name)
    return names


def requirement(line):
    """The name in a line, if it wants a package of that name whatever the machine is."""
    line = re.sub(r"(^|\s)#.*", "", line).strip()
    if ";" in line or "://" in line.split("@")[0]:
        return None
    match = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*($|[=<>!~@,(\s\\])", line)
    # A folder or a file beside it, not a name.
    is_path = match and os.sep in line.split("@")[0]
    return match.group(1) if match and not is_path else None


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
