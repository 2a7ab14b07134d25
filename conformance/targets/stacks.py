"""The kit's stacks through CloudFormation: the pattern's and the fixtures' templates, their functions in JavaScript instead of executables.
What the scripts beside this share."""

import hashlib
import io
import json
import os
import re
import tomllib
import zipfile
from pathlib import Path

import boto3
import yaml
from botocore.exceptions import ClientError, WaiterError

CONFORMANCE = Path(__file__).resolve().parent.parent
PATTERN = CONFORMANCE.parent / "template.yaml"
# What every stack begins with, and CloudFormation's names of what is in them.
PREFIX = "gatespec-fixture-"
TAG = {"Key": "gatespec", "Value": "conformance"}
# The outputs that the kit finds a stack by (conformance/src/target/aws.rs).
ADDRESS, FIXTURE = "WebSocketUrl", "GatespecFixture"
UP = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
CODE = {"probe": CONFORMANCE / "fixtures" / "probe" / "index.mjs", "pattern": CONFORMANCE / "targets" / "pattern.mjs"}
# Fixtures that a deployment from outside cannot serve.
LEFT_OUT = {
    "access-log": "its cases read the access log, which the kit does on its own targets only",
    "api-keys": "a case uses a key up: each would need a stack of its own",
    "domains": "a custom domain needs a certificate and a zone of the account",
    "dynamodb": "its cases look into the table, which the kit does on the local gateway only",
    "http": "its backend is the kit's own program, which would have to be reachable from there",
    "services": "the kit plays the services",
    "signed": "the account would have to know the kit's callers",
    "signed-events": "the account would have to know the kit's callers",
    "throttling": "a case uses a limit up: each would need a stack of its own",
}


class Failed(Exception):
    """A stack that could not be made or removed, and why."""


class Deployment:
    """A fixture with parameters, as cases want it."""

    def __init__(self, fixture, parameters):
        self.fixture = fixture
        self.parameters = dict(sorted(parameters.items()))
        given = "&".join(f"{key}={value}" for key, value in self.parameters.items())
        # As `gatespec check --fixture` takes it.
        self.name = f"{fixture}?{given}" if given else fixture
        digest = hashlib.sha256(self.name.encode()).hexdigest()[:8]
        self.stack = f"{PREFIX}{fixture}-{digest}" if given else f"{PREFIX}{fixture}"
        self.file = CONFORMANCE / "fixtures" / f"{fixture}.yaml"


def wanted_by_cases():
    """All deployments that the kit's cases run on."""
    wanted = {}
    for file in sorted((CONFORMANCE / "cases").glob("*.toml")):
        for case in tomllib.loads(file.read_text())["case"]:
            if "fixture" in case:
                deployment = Deployment(case["fixture"], case.get("parameters", {}))
                wanted[deployment.name] = deployment
    return [wanted[name] for name in sorted(wanted)]


class Stacks:
    """CloudFormation in an account and region, and the bucket that it takes the functions' code from."""

    left_out = LEFT_OUT
    # Seconds between two looks at a stack that is under way.
    delay = 5

    def __init__(self):
        # The SDK for Python does not know this variable, the others do.
        self.session = boto3.session.Session(region_name=os.environ.get("AWS_REGION"))
        self.cloudformation = self.session.client("cloudformation")
        self.storage = self.session.client("s3")
        self.account = self.session.client("sts").get_caller_identity()["Account"]
        self.bucket = f"gatespec-conformance-{self.account}-{self.session.region_name}"

    def deployments(self):
        """What cases want and can be had here."""
        return [deployment for deployment in wanted_by_cases() if deployment.fixture not in self.left_out]

    def begin(self, name, file, parameters, fixture=None):
        """Has a stack created. Its id."""
        template = yaml.load(file.read_text(), Loader=Template)
        api, stage = (named(template, kind) for kind in ("Api", "Stage"))
        stage = template["Resources"][stage]["Properties"]["StageName"]
        clients, callbacks = self.addresses(api, stage if isinstance(stage, str) else f"${{{stage['Ref']}}}")
        outputs = template.setdefault("Outputs", {})
        outputs[ADDRESS] = {"Value": {"Fn::Sub": clients}}
        if fixture:
            outputs[FIXTURE] = {"Value": fixture}
        self.with_javascript(template, {"Fn::Sub": callbacks})
        self.adapt(name, template)
        created = self.cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            OnFailure="DELETE",
            Tags=[TAG],
        )
        return created["StackId"]

    def finish(self, stack):
        """Waits until a stack is created. Where clients connect to."""
        try:
            self.wait("create", stack)
        except WaiterError as error:
            raise Failed(self.reason(stack) or str(error)) from error
        described = self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        return outputs_of(described)[ADDRESS]

    def delete(self, stack):
        """Has a stack deleted."""
        self.cloudformation.delete_stack(StackName=stack)

    def wait(self, what, stack):
        waiter = self.cloudformation.get_waiter(f"stack_{what}_complete")
        waiter.wait(StackName=stack, WaiterConfig={"Delay": self.delay, "MaxAttempts": 1800 // self.delay})

    def reason(self, stack):
        """The first failure that a stack's events tell of."""
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
        events = [event for page in pages for event in page["StackEvents"]]
        failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
        return f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason', 'no reason given')}" if failed else None

    def tagged(self):
        """The stacks that carry the tag."""
        pages = self.cloudformation.get_paginator("describe_stacks").paginate()
        return [stack for page in pages for stack in page["Stacks"] if TAG in stack.get("Tags", [])]

    def functions(self, stack):
        """The names of a stack's functions."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
        return [resource["PhysicalResourceId"] for resource in resources if resource["ResourceType"] == "AWS::Lambda::Function"]

    def upload(self):
        """Puts the functions' code into the bucket, which is made if it is not there."""
        region = self.session.region_name
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            self.storage.create_bucket(Bucket=self.bucket, **place)
        except self.storage.exceptions.BucketAlreadyOwnedByYou:
            pass
        self.storage.put_bucket_tagging(Bucket=self.bucket, Tagging={"TagSet": [TAG]}, ExpectedBucketOwner=self.account)
        for name, file in CODE.items():
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w") as content:
                # Lambda's user must be able to read it.
                content.writestr(zipfile.ZipInfo(file.name), file.read_bytes())
                content.infolist()[0].external_attr = 0o644 << 16
            self.storage.put_object(Bucket=self.bucket, Key=key_of(name), Body=archive.getvalue(), ExpectedBucketOwner=self.account)

    def remove_bucket(self):
        """Removes the bucket with all that is in it, if it is there."""
        if not self.has_bucket():
            return
        for page in self.storage.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for entry in page.get("Contents", []):
                self.storage.delete_object(Bucket=self.bucket, Key=entry["Key"])
        self.storage.delete_bucket(Bucket=self.bucket)

    def has_bucket(self):
        try:
            self.storage.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True

    def addresses(self, api, stage):
        """Where clients connect to, and where `@connections` is, for `Fn::Sub`."""
        host = f"${{{api}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}"
        return f"wss://{host}/{stage}", f"https://{host}/{stage}"

    def adapt(self, name, template):
        """Changes of a template besides its functions: none."""

    def with_javascript(self, template, callbacks):
        """Puts the functions in JavaScript in the place of the executables, and tells them where to post: what a mapping template hands
        them need not say."""
        function = template["Globals"]["Function"] if "Globals" in template else {}
        name = "pattern" if function.get("CodeUri") == "handlers/" else "probe"
        function.update({
            "CodeUri": f"s3://{self.bucket}/{key_of(name)}",
            "Handler": "index.handler",
            # The SDK is there in a second at the first call, and not in five.
            "MemorySize": 1024,
            "Runtime": "nodejs22.x",
            "Environment": {"Variables": {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": callbacks}},
        })
        for resource in template["Resources"].values():
            binary = resource.get("Metadata", {}).get("BuildProperties", {}).get("Binary")
            if binary:
                resource["Properties"]["Handler"] = f"pattern.{binary}"


class MiniStack(Stacks):
    """MiniStack at AWS_ENDPOINT_URL. Its CloudFormation refuses some types as unknown, and its URLs are others."""

    left_out = {**LEFT_OUT, "models": "MiniStack's API has no models"}
    delay = 1

    def __init__(self):
        super().__init__()
        self.authority = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://").rstrip("/")
        self.taken = {}

    def addresses(self, api, stage):
        place = f"{self.authority}/_aws/execute-api/${{{api}}}/{stage}"
        return f"ws://{place}", f"http://{place}"

    def adapt(self, name, template):
        """Takes out what is refused, and keeps what can be created by calls. A stage deploys by itself in the place of a deployment."""
        resources = template["Resources"]
        unknown = [f"AWS::ApiGatewayV2::{kind}" for kind in ("Deployment", "IntegrationResponse", "RouteResponse")]
        taken = [resources.pop(key) for key, resource in list(resources.items()) if resource["Type"] in unknown]
        self.taken[name] = [resource for resource in taken if not resource["Type"].endswith("::Deployment")]
        for resource in resources.values():
            if resource["Type"] == "AWS::ApiGatewayV2::Authorizer":
                # Left out, it would be the header `Authorization`, as for an HTTP API.
                resource["Properties"].setdefault("IdentitySource", [])
            if resource["Type"] == "AWS::ApiGatewayV2::Stage" and resource["Properties"].pop("DeploymentId", None):
                resource["Properties"]["AutoDeploy"] = True

    def finish(self, stack):
        address = super().finish(stack)
        described = self.cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        # Some are `{ApiId}/{Id}`.
        ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"].split("/")[-1] for resource in described}
        for resource in self.taken.pop(described[0]["StackName"]):
            self.call(resource, ids)
        return address

    def call(self, resource, ids):
        """Creates a resource by a call, unless it belongs to one that the stack's conditions left out."""
        properties = {name: ids.get(value["Ref"]) if "Ref" in value else value for name, value in resource["Properties"].items()}
        if None in properties.values():
            return
        kind = re.sub("(?<!^)([A-Z])", r"_\1", resource["Type"].split("::")[-1]).lower()
        getattr(self.session.client("apigatewayv2"), f"create_{kind}")(**properties)


def named(template, kind):
    """The logical id of a template's one resource of a kind."""
    return next(key for key, resource in template["Resources"].items() if resource["Type"] == f"AWS::ApiGatewayV2::{kind}")


def outputs_of(stack):
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def key_of(name):
    """The key of a function's code, another when the code is another: CloudFormation sees a change by it."""
    return f"{name}-{hashlib.sha256(CODE[name].read_bytes()).hexdigest()[:16]}.zip"


class Template(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions."""


def short_form(loader, suffix, node):
    construct = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence}
    value = construct[type(node)](node, **({"deep": True} if isinstance(node, yaml.SequenceNode) else {}))
    if suffix == "GetAtt":
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Template.add_multi_constructor("!", short_form)
