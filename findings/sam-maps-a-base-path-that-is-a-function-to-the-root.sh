#!/usr/bin/env bash
# A `BasePath` that is an intrinsic function becomes a mapping without a key: the API is at the root.
#
# What: aws-sam-translator (PyPI, 1.115.0) makes the mapping of a custom domain from `Domain.BasePath`,
#   a string or a list of strings. A function that it cannot resolve itself, such as `Fn::Sub` with
#   `AWS::StackName`, is neither: alone it is dropped without a word, in a list it is an error. It is
#   the same for `AWS::Serverless::Api`, `HttpApi` and `WebSocketApi`.
# Seen (2026-11-29, Python 3.11.7): the output below.
# Why it matters: the stack deploys, and clients that call the path of the template get 403, while the
#   domain's root, perhaps meant for another API, answers.
# Needs python3 (3.10 or newer) with pip. Sends nothing. Fails if the behaviour changes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q aws-sam-translator==1.115.0

cat > ask.py <<'PYTHON'
"""Gives an API of each kind a base path in several forms, and lists the keys of its mappings."""
import logging, os

os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform

logging.disable(logging.CRITICAL)
DEFINITIONS = {
    "Api": {"StageName": "prod", "DefinitionBody": {"swagger": "2.0", "paths": {}}},
    "HttpApi": {"DefinitionBody": {"openapi": "3.0.1", "paths": {}}},
    "WebSocketApi": {
        "RouteSelectionExpression": "$request.body.action",
        "Routes": {"$default": {"FunctionArn": {"Fn::GetAtt": ["F", "Arn"]}}},
    },
}
FORMS = {
    "text": lambda: "live",
    "function": lambda: {"Fn::Sub": "${AWS::StackName}"},
    "list of a function": lambda: [{"Fn::Sub": "${AWS::StackName}"}],
}


class NoPolicies:
    def load(self):
        return {}


def keys(kind, base_path):
    domain = {
        "DomainName": "chat.example.com",
        "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/c",
        "BasePath": base_path,
    }
    api = {"Type": f"AWS::Serverless::{kind}", "Properties": {**DEFINITIONS[kind], "Domain": domain}}
    function = {"Runtime": "nodejs22.x", "Handler": "index.handler", "InlineCode": "//"}
    resources = {"Api": api, "F": {"Type": "AWS::Serverless::Function", "Properties": function}}
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    try:
        made = transform(template, {}, NoPolicies())["Resources"].values()
    except InvalidDocumentException:
        return "refused"
    mappings = [one["Properties"] for one in made if one["Type"].endswith("Mapping")]
    return ", ".join(
        one.get("ApiMappingKey") or one.get("BasePath") or "the root" for one in mappings
    )


for kind in DEFINITIONS:
    print(f"{kind}: " + "; ".join(f"{form}: {keys(kind, make())}" for form, make in FORMS.items()))
PYTHON
venv/bin/python ask.py | tee seen
cat > expected <<'LINES'
Api: text: live; function: the root; list of a function: refused
HttpApi: text: live; function: the root; list of a function: refused
WebSocketApi: text: live; function: the root; list of a function: refused
LINES
diff expected seen
echo "as seen before"
