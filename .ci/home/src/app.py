"""Calls the API by the client and the way that the message names; answers with what comes of it."""

import asyncio
import json
import os
import traceback
import urllib.error
import urllib.parse
import urllib.request

import aiohttp
import boto3
import httpx
import requests


def with_boto3(endpoint, id):
    client = boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)
    client.post_to_connection(ConnectionId=id, Data=b"home")
    return "posted"


def with_urllib(endpoint, id):
    try:
        urllib.request.urlopen(url(endpoint, id))
    except urllib.error.HTTPError as refusal:
        return refusal.read().decode()


def with_aiohttp(endpoint, id):
    async def get():
        async with aiohttp.ClientSession() as session:
            async with session.get(url(endpoint, id)) as response:
                return await response.text()

    return asyncio.run(get())


def with_anyio(endpoint, id):
    async def get():
        async with httpx.AsyncClient() as client:
            return (await client.get(url(endpoint, id))).text

    return asyncio.run(get())


def service(name):
    endpoint = "https://%s.%s.amazonaws.com" % (name, os.environ["AWS_REGION"])
    return boto3.client(name, endpoint_url=endpoint)


def with_dynamodb(*_):
    return json.dumps(service("dynamodb").list_tables()["TableNames"])


def with_lambda(*_):
    answer = service("lambda").invoke(FunctionName="Node", InvocationType="DryRun")
    return str(answer["StatusCode"])


def url(endpoint, id):
    return endpoint + "/@connections/" + urllib.parse.quote(id)


# Those that sign say what they did, those that do not say the gateway's refusal.
CLIENTS = {
    "boto3": with_boto3,
    "dynamodb": with_dynamodb,
    "lambda": with_lambda,
    "urllib": with_urllib,
    "requests": lambda endpoint, id: requests.get(url(endpoint, id)).text,
    "httpx": lambda endpoint, id: httpx.get(url(endpoint, id)).text,
    "anyio": with_anyio,
    "aiohttp": with_aiohttp,
}


def handler(event, context):
    of = event["requestContext"]
    region = os.environ["AWS_REGION"]
    own = "https://%s.execute-api.%s.amazonaws.com/%s" % (of["apiId"], region, of["stage"])
    endpoints = {
        "event": "https://%s/%s" % (of["domainName"], of["stage"]),
        "sdk": None,
        "variable": os.environ["CALLBACK"],
        "apiId": own,
        "slash": own + "/",
        "hardCoded": "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/test",
    }
    message = json.loads(event["body"])
    try:
        body = CLIENTS[message["client"]](endpoints.get(message["way"]), of["connectionId"])
    except Exception:
        body = traceback.format_exc()
    return {"statusCode": 200, "body": body}
