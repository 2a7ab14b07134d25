"""Answers messages by @connections, as code does that runs on AWS."""

import json
import os
import urllib.request

GREETING = os.environ.get("GREETING", "python")


def post(about, text):
    home = f"https://{about['domainName']}/{about['stage']}"
    url = f"{home}/@connections/{about['connectionId']}"
    urllib.request.urlopen(urllib.request.Request(url, text.encode(), method="POST")).close()


def handler(event, context):
    about = event["requestContext"]
    if about["eventType"] == "MESSAGE":
        post(about, f"{GREETING} {json.loads(event['body'])['say']}")
    return {"statusCode": 200}


def authorizer(event, context):
    token = event["headers"].get("Auth") or event["headers"].get("Authorization")
    effect = "Allow" if token == "hello" else "Deny"
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": effect,
        "Resource": event["methodArn"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "me", "policyDocument": policy}
