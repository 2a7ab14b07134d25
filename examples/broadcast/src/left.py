"""Tells the others who has left."""

import json
import os

import boto3

connections = boto3.resource("dynamodb").Table(os.environ["CONNECTIONS"])
api = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["API"])


def handler(event, _context):
    others = [item["connectionId"] for item in connections.scan()["Items"]]
    for record in event["Records"]:
        left = record["dynamodb"]["Keys"]["connectionId"]["S"]
        for other in others:
            try:
                api.post_to_connection(ConnectionId=other, Data=json.dumps({"left": left}))
            except api.exceptions.GoneException:
                pass
