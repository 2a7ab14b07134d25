"""Answers messages by @connections, as code does that runs on AWS."""

import json
import os
import urllib.request


def handler(event, context):
    about = event["requestContext"]
    if about["eventType"] == "MESSAGE":
        address = f"https://{about['domainName']}/{about['stage']}/@connections/{about['connectionId']}"
        text = f"{os.environ.get('GREETING', 'python')} {json.loads(event['body'])['say']}"
        urllib.request.urlopen(urllib.request.Request(address, text.encode(), method="POST")).close()
    return {"statusCode": 200}


def authorizer(event, context):
    token = event["headers"].get("Auth") or event["headers"].get("Authorization")
    effect = "Allow" if token == "hello" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
