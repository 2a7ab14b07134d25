import os


def handler(event, context):
    if event["headers"].get("token") != os.environ["ACCEPTED_TOKEN"]:
        # Of all errors, API Gateway answers this one with 401.
        raise Exception("Unauthorized")
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": event["methodArn"],
    }
    return {
        "principalId": "user",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
