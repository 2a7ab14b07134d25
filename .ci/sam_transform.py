"""SAM's own translator, for stack's tests: a template and parameters per line in, an answer per line out.

`cargo test -p gatespec-stack --features oracle` starts it. An answer is what the translator makes of
the template, with functions as they are after `Globals`, or why it refuses the template.
"""

import copy
import functools
import json
import logging
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

import boto3.session
from samtranslator.intrinsics.resolver import IntrinsicsResolver
from samtranslator.plugins.globals.globals_plugin import GlobalsPlugin
from samtranslator.translator import translator
from samtranslator.translator.transform import transform

FUNCTION = "AWS::Serverless::Function"
# What the translator makes of functions, which we read as they are, and of their connectors.
OF_FUNCTIONS = {
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Function",
    "AWS::Lambda::Version",
}


logging.disable(logging.CRITICAL)


class Resolver(IntrinsicsResolver):
    """Remembers what `Chat.Stage` and the like stand for."""

    references = None

    def resolve_sam_resource_refs(self, template, references):
        Resolver.references = references
        return super().resolve_sam_resource_refs(template, references)


translator.IntrinsicsResolver = Resolver
# The same for every template, and most of the time of one.
policies = functools.cache(translator.make_policy_template_for_function_plugin)
translator.make_policy_template_for_function_plugin = policies
boto3.session.Session = functools.cache(boto3.session.Session)


class NoPolicies:
    def load(self):
        return {}


def answer(template, parameters):
    translated = transform(copy.deepcopy(template), dict(parameters), NoPolicies())
    merged = copy.deepcopy(template)
    GlobalsPlugin().on_before_transform_template(merged)
    resources = {}
    for name, resource in translated["Resources"].items():
        if resource["Type"] not in OF_FUNCTIONS:
            resource.pop("Metadata", None)
            resources[name] = resource
    functions = {}
    for name, resource in merged["Resources"].items():
        if resource["Type"] == FUNCTION:
            functions[name] = resource.get("Properties", {})
    functions = IntrinsicsResolver({}).resolve_sam_resource_refs(functions, Resolver.references)
    return {
        "Resources": resources,
        "Functions": functions,
        "Outputs": translated.get("Outputs", {}),
    }


for line in sys.stdin:
    request = json.loads(line)
    try:
        result = answer(request["template"], request["parameters"])
    except Exception as error:  # It refuses with exceptions of its own, and crashes with others.
        reasons = [cause.message for cause in getattr(error, "causes", None) or []]
        result = {"refused": "; ".join(reasons) or f"{type(error).__name__}: {error}"}
    print(json.dumps(result), flush=True)
