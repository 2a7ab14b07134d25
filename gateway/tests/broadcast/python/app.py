"""Brings each message of a batch to each client."""

import json
import os
from urllib.parse import quote
from urllib.request import Request, urlopen


def dynamodb(operation, request):
    """An operation of DynamoDB, without an SDK."""
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "X-Amz-Date": "20240101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20240101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=0",
    }
    url = os.environ["AWS_ENDPOINT_URL_DYNAMODB"]
    with urlopen(Request(url, json.dumps(request).encode(), headers)) as answer:
        return json.load(answer)


def handler(event, _context):
    clients = dynamodb("Scan", {"TableName": os.environ["CLIENTS"]})["Items"]
    api = os.environ["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"]
    for record in event["Records"]:
        text = record["dynamodb"]["NewImage"]["text"]["S"]
        for client in clients:
            url = f"{api}/@connections/{quote(client['id']['S'], safe='')}"
            urlopen(Request(url, f"python: {text}".encode(), method="POST")).close()
