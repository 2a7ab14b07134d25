import json
import os

import boto3

api = boto3.client(
    "apigatewaymanagementapi",
    endpoint_url="https://{API_ID}.execute-api.{AWS_REGION}.amazonaws.com/{STAGE}/".format(
        **os.environ
    ),
)


def handler(event, context):
    message = json.loads(event["body"])["message"]
    data = json.dumps({"you": message, "we": "good job on deploying this template"})
    api.post_to_connection(ConnectionId=event["requestContext"]["connectionId"], Data=data)
    return {"statusCode": 200}
