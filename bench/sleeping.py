"""Fifty messages at once to functions that sleep a second, in Node, Python and Rust.

    bench/sleeping.py PROGRAM [--rounds N]

Each round starts a gateway: the first fifty find no process (cold), the next fifty as many as the
first have left behind (warm). Printed: the seconds until the last of fifty replies, the median of
the rounds, and the processes and their memory (PSS) afterwards. Needs Python's `websockets`, Node
20 and cargo; `docs/speed.md` has the figures of one machine.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from websockets.sync.client import connect

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENVIRONMENT = {"CARGO_TARGET_DIR": str(ROOT / "target"), **os.environ}
NODE = "export const handler = async () => {\n  await new Promise((r) => setTimeout(r, 1000));\n  return { statusCode: 200, body: 'slept' };\n};\n"
PYTHON = "import time\n\ndef handler(event, context):\n    time.sleep(1)\n    return {'statusCode': 200, 'body': 'slept'}\n"
API = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
"""
ROUTE = """
  NAME:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: probe}}
    Properties: {CodeUri: CODE, Handler: app.handler, Runtime: RUNTIME, Timeout: 30}
  NAMEPermission:
    Type: AWS::Lambda::Permission
    Properties: {Action: "lambda:InvokeFunction", FunctionName: !Ref NAME, Principal: apigateway.amazonaws.com}
  NAMEIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${NAME.Arn}/invocations
  NAMERoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: NAME
      RouteResponseSelectionExpression: $default
      Target: !Sub integrations/${NAMEIntegration}
  NAMEResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref NAMERoute, RouteResponseKey: $default}
"""
FUNCTIONS = {
    "Node": ("node", "nodejs22.x"),
    "Python": ("python", "python3.12"),
    "Rust": (ROOT / "gateway/tests/probe", "provided.al2023"),
}


def stack(folder):
    text = API
    for name, (code, runtime) in FUNCTIONS.items():
        text += ROUTE.replace("NAME", name).replace("CODE", str(code)).replace("RUNTIME", runtime)
    (folder / "template.yaml").write_text(text)
    for name, code in (("node/app.mjs", NODE), ("python/app.py", PYTHON)):
        (folder / name).parent.mkdir()
        (folder / name).write_text(code)


def fifty(clients, name):
    """The seconds until all fifty have their reply."""
    began = time.monotonic()
    for client in clients:
        client.send(json.dumps({"action": name, "do": "pause"}))
    for client in clients:
        reply = client.recv(120)
        if "message" in reply:
            raise SystemExit(f"{name}: {reply}")
    return time.monotonic() - began


def memory(pid):
    """The processes below the gateway that serve, and their memory in MB."""
    below, queue = [], [pid]
    while queue:
        for path in pathlib.Path(f"/proc/{queue.pop()}/task").glob("*/children"):
            children = [int(child) for child in path.read_text().split()]
            below.extend(children)
            queue.extend(children)
    total = 0
    for child in below:
        rollup = pathlib.Path(f"/proc/{child}/smaps_rollup").read_text()
        total += int(rollup.split("Pss:")[1].split()[0])
    return len(below), total / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    program = pathlib.Path(given.program).resolve()
    print("| fifty that sleep a second | cold, s | warm, s | processes | MB |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        stack(folder)
        for name in FUNCTIONS:
            cold, warm = [], []
            for _ in range(given.rounds):
                command = [program, "serve", "--port", "0", "--ready", "json"]
                log = open(folder / "log", "w")
                gateway = subprocess.Popen(
                    command, env=ENVIRONMENT, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
                )
                ready = gateway.stdout.readline()
                if not ready:
                    raise SystemExit((folder / "log").read_text())
                with contextlib.ExitStack() as opened:
                    url = json.loads(ready)["ws"]
                    clients = [opened.enter_context(connect(url)) for _ in range(50)]
                    cold.append(fifty(clients, name))
                    warm.append(fifty(clients, name))
                    processes, megabytes = memory(gateway.pid)
                gateway.stdin.close()
                gateway.wait()
            figures = [statistics.median(cold), statistics.median(warm)]
            print(f"| {name} | {figures[0]:.2f} | {figures[1]:.2f} | {processes} | {megabytes:.0f} |", flush=True)


if __name__ == "__main__":
    main()
