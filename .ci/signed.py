"""Signers that people use, against `gatespec serve` with AWS_IAM on $connect and --require-signatures.

Arguments: the program, the stack. Exits with 0 when botocore's signatures are taken in header and query string, boto3's calls of
@connections too, and when each of AWS's refusals has its status, type and text; and when the functions of template.yaml, which sign with
the SDK for Rust, reach their client.
"""

import contextlib
import datetime
import json
import os
import subprocess
import sys
import tempfile

import boto3
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

REGION = "us-east-1"
KEYS = {
    "alice": Credentials("AKIAALICE", "alice's/secret+key"),
    "session": Credentials("ASIASESSION", "another", "to/ken+with=signs"),
    "reader": Credentials("AKIAREADER", "third"),
    "nobody": Credentials("AKIANOBODY", "fourth"),
}
SESSION = "arn:aws:sts::123456789012:assumed-role/app/me"
POLICIES = {
    # The guide's policy: it denies a route, which nobody asks about after the handshake.
    "alice": [
        {"Effect": "Allow", "Action": "execute-api:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": "*/whoami"},
    ],
    "reader": [{"Effect": "Allow", "Action": "execute-api:ManageConnections", "Resource": "*/GET/@connections/*"}],
}


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: expected {wanted!r}, got {got!r}")
    print(f"{what}: {got!r}")


def main(program, stack):
    with tempfile.TemporaryDirectory() as folder:
        credentials = os.path.join(folder, "credentials")
        with open(credentials, "w") as file:
            for name in ("alice", "session", "reader"):
                keys = KEYS[name]
                file.write(f"[{name}]\naws_access_key_id = {keys.access_key}\naws_secret_access_key = {keys.secret_key}\n")
                if keys.token:
                    file.write(f"aws_session_token = {keys.token}\narn = {SESSION}\nuser_id = AROAAPP:me\n")
                if name in POLICIES:
                    file.write(f"policy = {name}.json\n")
        for name, statements in POLICIES.items():
            with open(os.path.join(folder, f"{name}.json"), "w") as file:
                json.dump({"Version": "2012-10-17", "Statement": statements}, file)
        with serving(program, "--credentials", credentials, stack) as ready:
            handshakes(ready["ws"])
            calls(ready["ws"], ready["management"])
    with serving(program, "template.yaml") as ready:
        with connect(ready["ws"], additional_headers={"token": "hello"}) as client:
            client.send('{"action": "sendmessage"}')
            expect("the SDK for Rust", client.recv(timeout=30), "good job on deploying this template, keep slaying!!")


@contextlib.contextmanager
def serving(program, *arguments):
    command = [program, "serve", "--port", "0", "--ready", "json", "--require-signatures", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as gateway:
        try:
            yield json.loads(gateway.stdout.readline())
        finally:
            gateway.stdin.close()
            gateway.wait(timeout=60)


def in_headers(url, keys, service="execute-api", **fields):
    """What botocore adds to the fields of a handshake."""
    request = AWSRequest("GET", url.replace("ws://", "http://"), headers=fields)
    SigV4Auth(keys, service, REGION).add_auth(request)
    return dict(request.headers.items())


def in_query(url, keys, expires=60):
    request = AWSRequest("GET", url.replace("ws://", "http://"))
    SigV4QueryAuth(keys, "execute-api", REGION, expires=expires).add_auth(request)
    return request.url.replace("http://", "ws://")


def whoami(client):
    client.send('{"action": "whoami"}')
    return json.loads(client.recv(timeout=30))


def refusal(url, headers=None):
    try:
        with connect(url, additional_headers=headers or {}):
            sys.exit(f"{url}: the handshake should be refused")
    except InvalidStatus as refused:
        response = refused.response
        return response.status_code, response.headers["x-amzn-errortype"], json.loads(response.body)


def handshakes(url):
    with connect(url, additional_headers=in_headers(url, KEYS["alice"])) as client:
        me = whoami(client)
        expect("signed in the header", me["arn"], "arn:aws:iam::000000000000:user/alice")
        expect("its account, caller and user", [me["account"], me["caller"], me["user"]], ["000000000000", "AIDAALICE", "AIDAALICE"])
    with connect(url, additional_headers=in_headers(url, KEYS["session"], Room="a  b")) as client:
        expect("with a session token and a field", whoami(client)["arn"], SESSION)
    for keys in ("alice", "session"):
        with connect(in_query(f"{url}?room=7&name=it%27s%20me", KEYS[keys])) as client:
            expect("signed in the query string", whoami(client)["caller"], {"alice": "AIDAALICE", "session": "AROAAPP:me"}[keys])

    invalid = {"message": "The security token included in the request is invalid."}
    expect("unsigned", refusal(url), (403, "MissingAuthenticationTokenException", {"message": "Missing Authentication Token"}))
    expect("unknown key", refusal(url, in_headers(url, KEYS["nobody"])), (403, "UnrecognizedClientException", invalid))
    forgotten = Credentials("ASIASESSION", "another")
    expect("without the token", refusal(in_query(url, forgotten)), (403, "UnrecognizedClientException", invalid))
    status, kind, body = refusal(url, in_headers(url, Credentials("AKIAALICE", "guessed")))
    expect("wrong secret", (status, kind), (403, "InvalidSignatureException"))
    expect("its text", body["message"].split("\n")[2:4], ["The Canonical String for this request should have been", "'GET"])
    status, kind, body = refusal(url, in_headers(url, KEYS["alice"], "s3"))
    expect("wrong service", (status, kind, body["message"]), (403, "InvalidSignatureException", "Credential should be scoped to correct service: 'execute-api'. "))
    status, kind, body = refusal(url, {"Authorization": "Bearer abc"})
    expect("no signature", (status, kind), (403, "IncompleteSignatureException"))
    status, kind, body = refusal(url, in_headers(url, KEYS["reader"]))
    expect("no permission", (status, kind, body["Message"].split(" on ")[0]), (403, "AccessDeniedException", "User: arn:aws:iam::000000000000:user/reader is not authorized to perform: execute-api:Invoke"))
    late = in_headers(url, KEYS["alice"])
    late["X-Amz-Date"] = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=6)).strftime("%Y%m%dT%H%M%SZ")
    status, kind, body = refusal(url, late)
    expect("six minutes late", (status, kind, body["message"].startswith("Signature expired: ")), (403, "InvalidSignatureException", True))


def calls(url, endpoint):
    def client(keys):
        return boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
            config=Config(retries={"max_attempts": 0}),
        )

    def error(call, **arguments):
        try:
            call(**arguments)
        except ClientError as refused:
            code, message = refused.response["Error"]["Code"], refused.response["Error"]["Message"]
            return refused.response["ResponseMetadata"]["HTTPStatusCode"], code, message
        sys.exit("the call should be refused")

    alice, reader = client(KEYS["alice"]), client(KEYS["reader"])
    with connect(in_query(url, KEYS["alice"])) as socket:
        id = whoami(socket)["connection"]
        for name in ("alice", "session"):
            client(KEYS[name]).post_to_connection(ConnectionId=id, Data=f"from {name} ü".encode())
            expect("post_to_connection", socket.recv(timeout=30), f"from {name} ü")
        expect("get_connection", alice.get_connection(ConnectionId=id)["Identity"]["SourceIp"], "127.0.0.1")
        reader.get_connection(ConnectionId=id)
        status, code, message = error(reader.post_to_connection, ConnectionId=id, Data=b"x")
        expect("no permission", (status, code), (403, "AccessDeniedException"))
        expect("its text", message.split("/")[-3:], ["POST", "@connections", "{connectionId}"])
        status, code, message = error(client(Credentials("AKIAALICE", "guessed")).post_to_connection, ConnectionId=id, Data=b"hello")
        expect("wrong secret", (status, code), (403, "InvalidSignatureException"))
        path = f"/test/%40connections/{id.replace('=', '%253D')}"
        expect("its text", message.split("\n")[3:5], ["'POST", path])
        status, code, message = error(client(KEYS["nobody"]).get_connection, ConnectionId=id)
        expect("unknown key", (status, code), (403, "UnrecognizedClientException"))
        alice.delete_connection(ConnectionId=id)
    expect("gone", error(alice.get_connection, ConnectionId=id)[:2], (410, "GoneException"))


main(*sys.argv[1:])
