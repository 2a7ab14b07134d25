"""The promised Rust version: what can be checked of it here, and what was not.

Always: each member promises the workspace's `rust-version`, clippy is told the same, and no locked dependency asks for more.
With a toolchain of that version (`rustup toolchain list`): all of it is compiled, too. Exits with 0 if nothing contradicts the promise.
"""

import json
import os
import re
import subprocess
import sys


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def number(version):
    return tuple(int(part) for part in (version.split(".") + ["0", "0"])[:3])


metadata = json.loads(output("cargo", "metadata", "--locked", "--format-version", "1", "--all-features"))
members = [package for package in metadata["packages"] if package["id"] in metadata["workspace_members"]]
others = [package for package in metadata["packages"] if package["id"] not in metadata["workspace_members"]]
with open("Cargo.toml") as manifest:
    promised = re.search(r'^rust-version = "(.*)"', manifest.read(), re.M).group(1)

problems = [f"`{one['name']}` promises {one['rust_version']}, the workspace {promised}" for one in members if one["rust_version"] != promised]
with open("clippy.toml") as settings:
    if f'msrv = "{promised}"' not in settings.read():
        problems.append(f'clippy.toml must say msrv = "{promised}"')
silent = [one for one in others if not one["rust_version"]]
problems += [
    f"`{one['name']}` {one['version']} needs Rust {one['rust_version']}, and {promised} is promised"
    for one in others
    if one["rust_version"] and number(one["rust_version"]) > number(promised)
]
if problems:
    sys.exit("\n".join(problems))
print(f"checked: {len(others) - len(silent)} of {len(others)} dependencies declare that Rust {promised} is enough; {len(silent)} declare nothing")

if any(line.startswith(f"{promised}-") for line in output("rustup", "toolchain", "list").splitlines()):
    print(f"checked: all targets compile with Rust {promised}", flush=True)
    environment = {**os.environ, "CARGO_TARGET_DIR": "target/ci/msrv"}
    subprocess.run(["cargo", f"+{promised}", "check", "--locked", "--workspace", "--all-targets"], check=True, env=environment)
else:
    here = output("rustc", "--version").split()[1]
    print(f"NOT CHECKED: nothing was compiled with Rust {promised}, which is not installed here (rustup toolchain install {promised}); this is {here}")
