import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def say(of, text):
    endpoint = f"https://{of['domainName']}/{of['stage']}"
    api = boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)
    members = table.scan()["Items"]
    name = next(one["name"] for one in members if one["connectionId"] == of["connectionId"])
    data = json.dumps({"by": "python", "name": name, "text": text})
    for member in members:
        try:
            api.post_to_connection(ConnectionId=member["connectionId"], Data=data)
        except api.exceptions.GoneException:
            table.delete_item(Key={"connectionId": member["connectionId"]})


def handler(event, context):
    of = event["requestContext"]
    body = json.loads(event.get("body") or "{}")
    if of["routeKey"] == "$connect":
        table.put_item(Item={"connectionId": of["connectionId"], "name": ""})
    elif of["routeKey"] == "$disconnect":
        table.delete_item(Key={"connectionId": of["connectionId"]})
    elif of["routeKey"] == "join":
        table.put_item(Item={"connectionId": of["connectionId"], "name": body["name"]})
    else:
        say(of, body["text"])
    return {"statusCode": 200}
