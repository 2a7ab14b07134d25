#!/usr/bin/env bash
# Of two WebSocket APIs with domains in one hosted zone, SAM makes the DNS records of the last only.
#
# What: aws-sam-translator (PyPI, 1.115.0) gathers the records of all APIs of a hosted zone in one
#   `AWS::Route53::RecordSetGroup`, whose logical id follows from the zone. For
#   `AWS::Serverless::HttpApi` each API adds its record to it. For `AWS::Serverless::WebSocketApi`
#   each API begins a new one, and the last replaces those before it without a word.
# Seen (2026-11-29, Python 3.11.7): two records for two HTTP APIs, one for two WebSocket APIs; the
#   custom domains and mappings of both are made.
# Why it matters: the stack deploys, `sam validate` is content, and one of the two names does not
#   resolve.
# Needs python3 (3.10 or newer) with pip. Sends nothing. Fails if the behaviour changes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q aws-sam-translator==1.115.0

cat > ask.py <<'PYTHON'
"""Transforms a template with two APIs of a kind, and lists the records that come of it."""
import logging, os

os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
from samtranslator.translator.transform import transform

logging.disable(logging.CRITICAL)


class NoPolicies:
    def load(self):
        return {}


def api(kind, name):
    properties = {
        "Domain": {
            "DomainName": f"{name}.example.com",
            "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/c",
            "Route53": {"HostedZoneId": "Z123456"},
        },
    }
    if kind == "WebSocketApi":
        properties["RouteSelectionExpression"] = "$request.body.action"
        function = {"Fn::GetAtt": ["F", "Arn"]}
        properties["Routes"] = {"$default": {"FunctionArn": function}}
    else:
        properties["DefinitionBody"] = {"openapi": "3.0.1", "paths": {}}
    return {"Type": f"AWS::Serverless::{kind}", "Properties": properties}


for kind in ["HttpApi", "WebSocketApi"]:
    function = {"Runtime": "nodejs22.x", "Handler": "index.handler", "InlineCode": "//"}
    resources = {"F": {"Type": "AWS::Serverless::Function", "Properties": function}}
    resources |= {name.title(): api(kind, name) for name in ["chat", "game"]}
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    made = transform(template, {}, NoPolicies())["Resources"].values()
    names = lambda kind: [one for one in made if one["Type"] == kind]
    domains = [one["Properties"]["DomainName"] for one in names("AWS::ApiGatewayV2::DomainName")]
    records = [
        record["Name"]
        for group in names("AWS::Route53::RecordSetGroup")
        for record in group["Properties"]["RecordSets"]
    ]
    print(f"{kind}: domains {' '.join(sorted(domains))}, records {' '.join(sorted(records))}")
PYTHON
venv/bin/python ask.py | tee seen
cat > expected <<'LINES'
HttpApi: domains chat.example.com game.example.com, records chat.example.com game.example.com
WebSocketApi: domains chat.example.com game.example.com, records game.example.com
LINES
diff expected seen
echo "as seen before"
