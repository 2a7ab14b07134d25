"""Runs a script in a virtual environment of its own, with the versions that its requirements.txt pins."""

import os
import subprocess
import sys
import venv
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent.parent / "target"


def into_environment(script):
    """Goes on as the same script with the interpreter of `target/NAME`, after the script's folder; makes that first. Gives the folder."""
    script = Path(script).resolve()
    folder = TARGET / script.parent.name
    if Path(sys.prefix) == folder:
        return folder
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", script.parent / "requirements.txt"], check=True)
    return os.execv(python, [python, script, *sys.argv[1:]])
