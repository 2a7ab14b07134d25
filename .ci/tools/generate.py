"""The real tools' output of the apps beside this file. Arguments: a folder for npm's packages and
for what is made, and names of rows (all without).

A folder of its own for each row, as a user would have it: the app, its functions, and what the tool
made.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = [
    "aws-cdk-lib@2.276.0",
    "aws-cdk@2.1148.1",
    "constructs@10.8.1",
    "esbuild@0.28.2",
    "@aws-solutions-constructs/aws-apigatewayv2websocket-sqs@2.104.0",
    "@aws-solutions-constructs/core@2.104.0",
    "serverless@3.40.0",
]
# In a folder of its own: it brings a command `serverless`, too.
FORK = ["osls@4.3.1"]
PYTHON = f"python3.{sys.version_info.minor}"
CLI = "cdk synth --quiet"
ALONE = "CDK_OUTDIR=cdk.out node app.js"
CDK = sorted(path.stem for path in (HERE / "cdk").glob("*.js") if path.stem != "parts")
# The row's name: the app, and the commands that a user types in its folder.
ROWS = {
    **{f"cdk-{app}": (f"cdk/{app}.js", [CLI]) for app in CDK},
    **{f"cdk-{app}-alone": (f"cdk/{app}.js", [ALONE]) for app in CDK},
    "cdk-chat-no-staging": ("cdk/chat.js", ["cdk synth --quiet --no-staging"]),
    **{f"sam-{app}-{language}{suffix}": (f"sam/{app}.yaml", commands)
        for app in ["websocket", "raw"]
        for language in ["node", "python"]
        for suffix, commands in [("", []), ("-built", ["sam build"])]},
    **{f"{tool}-{app}": (f"serverless/{app}.yml", [f"{tool} package"])
        for tool in ["serverless", "osls"] for app in ["service", "each"]},
}


def installed(folder, packages):
    mark = folder / "packages.json"
    if mark.exists() and json.loads(mark.read_text()) == packages:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}')
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", *packages]
    subprocess.run(npm, cwd=folder, check=True)
    mark.write_text(json.dumps(packages))


def laid(row, folder):
    """The app in a folder of its own."""
    app = HERE / ROWS[row][0]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    functions = HERE / "functions"
    text = app.read_text()
    if row.startswith("cdk"):
        shutil.copytree(functions, folder / "functions")
        shutil.copy(HERE / "cdk" / "parts.js", folder)
        (folder / "app.js").write_text(text)
        # What `cdk init` writes.
        flags = folder.parent.parent / "node_modules/aws-cdk-lib/recommended-feature-flags.json"
        settings = {"app": "node app.js", "context": json.loads(flags.read_text())}
        (folder / "cdk.json").write_text(json.dumps(settings, indent=2))
    elif row.startswith("sam"):
        shutil.copytree(functions, folder / "functions")
        node = "node" in row
        text = text.replace("RUNTIME", "nodejs20.x" if node else PYTHON)
        text = text.replace("LANGUAGE", "Node" if node else "Python")
        (folder / "template.yaml").write_text(text)
        (folder / "functions" / "package.json").write_text('{"name": "chat", "version": "1.0.0"}')
        (folder / "functions" / "requirements.txt").write_text("")
    else:
        shutil.copytree(functions, folder, dirs_exist_ok=True)
        shutil.copytree(HERE / "serverless" / "layer", folder / "layer")
        (folder / "serverless.yml").write_text(text.replace("PYTHON", PYTHON))


def made(row, folder, packages):
    """Runs the tool, or ends with what it said."""
    laid(row, folder)
    programs = [packages / "node_modules/.bin", packages / "osls/node_modules/.bin", os.environ["PATH"]]
    environment = os.environ | {
        "PATH": ":".join(map(str, programs)),
        "NODE_OPTIONS": f"--require {HERE / 'serverless/first.cjs'}",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "none",
        "SAM_CLI_TELEMETRY": "0",
        "SLS_TELEMETRY_DISABLED": "1",
        "SLS_NOTIFICATIONS_MODE": "off",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
    for command in ROWS[row][1]:
        run = subprocess.run(
            command, shell=True, cwd=folder, env=environment, capture_output=True, text=True
        )
        if run.returncode != 0:
            sys.exit(f"{row}: `{command}`: {run.stdout[-3000:]}{run.stderr[-3000:]}")


def main(folder, *rows):
    packages = pathlib.Path(folder).resolve()
    installed(packages, PACKAGES)
    installed(packages / "osls", FORK)
    for row in rows or ROWS:
        made(row, packages / "rows" / row, packages)
        print(row, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
