"""What aws-sam-cli makes of `Fn::ForEach`, recorded for the crate `stack`.

    python -m venv venv && venv/bin/pip install aws-sam-cli==1.170.0
    venv/bin/python .ci/language_extensions.py            # is the record what it says today?
    venv/bin/python .ci/language_extensions.py --update   # write it

The record is `stack/tests/language-extensions.json`: templates, parameters, and the sections that
come out, or that it refuses them. `stack/src/tests/language_extensions.rs` holds ours to it.
"""

import copy
import json
import pathlib
import sys

from samcli.lib.cfn_language_extensions import (
    InvalidTemplateException,
    ProcessingPipeline,
    TemplateParsingProcessor,
    TemplateProcessingContext,
    create_default_intrinsic_resolver,
)
from samcli.lib.cfn_language_extensions.processors.foreach import ForEachProcessor

RECORD = pathlib.Path(__file__).parent.parent / "stack/tests/language-extensions.json"
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "${X}"}}


def loop(identifier, collection, body):
    return [identifier, collection, body]


def template(resources, **sections):
    return {"Resources": resources, **sections}


CASES = {
    "a list of texts": (
        template({"Fn::ForEach::A": loop("X", ["one", "two"], {"T${X}": TOPIC})}),
        {},
    ),
    "beside other resources, in the order of the text": (
        template(
            {
                "Before": {"Type": "T"},
                "Fn::ForEach::A": loop("X", ["one"], {"T${X}": TOPIC}),
                "After": {"Type": "T"},
            }
        ),
        {},
    ),
    "letters and digits only": (
        template(
            {"Fn::ForEach::A": loop("X", ["10.0.0.1", "a-b_c"], {"T&{X}": {"Type": "${X}"}})}
        ),
        {},
    ),
    "a reference to the identifier": (
        template(
            {
                "Fn::ForEach::A": loop(
                    "X",
                    ["one"],
                    {"T${X}": {"Type": "T", "Properties": {"N": {"Ref": "X"}, "M": ["${X}!"]}}},
                )
            }
        ),
        {},
    ),
    "what only looks like the identifier": (
        template(
            {
                "Fn::ForEach::A": loop(
                    "X",
                    ["one"],
                    {"T${X}": {"Type": "X", "Properties": {"N": "${XY} $X {X} ${!X}"}}},
                )
            }
        ),
        {},
    ),
    "functions keep their place": (
        template(
            {
                "Fn::ForEach::A": loop(
                    "X",
                    ["one"],
                    {
                        "T${X}": {
                            "Type": "T",
                            "Properties": {
                                "S": {"Fn::Sub": "${AWS::Region}-${X}-${Other.Arn}"},
                                "G": {"Fn::GetAtt": ["F${X}", "Arn"]},
                                "D": {"Fn::GetAtt": "F${X}.Arn"},
                            },
                        }
                    },
                )
            }
        ),
        {},
    ),
    "a parameter's list": (
        template(
            {"Fn::ForEach::A": loop("X", {"Ref": "List"}, {"T${X}": TOPIC})},
            Parameters={"List": {"Type": "CommaDelimitedList", "Default": "a,b"}},
        ),
        {},
    ),
    "a parameter's list that is given": (
        template(
            {"Fn::ForEach::A": loop("X", {"Ref": "List"}, {"T${X}": TOPIC})},
            Parameters={"List": {"Type": "CommaDelimitedList", "Default": "a,b"}},
        ),
        {"List": "c, d,e"},
    ),
    "a list of a mapping": (
        template(
            {
                "Fn::ForEach::A": loop(
                    "X", {"Fn::FindInMap": ["M", "k", "list"]}, {"T${X}": TOPIC}
                )
            },
            Mappings={"M": {"k": {"list": ["p", "q"]}}},
        ),
        {},
    ),
    "loops in loops": (
        template(
            {
                "Fn::ForEach::A": loop(
                    "X",
                    ["a", "b"],
                    {
                        "Fn::ForEach::B": loop(
                            "Y", ["1", "2"], {"T${X}${Y}": {"Type": "${X}/${Y}"}}
                        ),
                        "Own${X}": {"Type": "T"},
                    },
                )
            }
        ),
        {},
    ),
    "the list of an inner loop": (
        template(
            {
                "Fn::ForEach::A": loop(
                    "X",
                    ["a", "b"],
                    {
                        "Fn::ForEach::B${X}": loop(
                            "Y",
                            {"Fn::FindInMap": ["M", "${X}", "list"]},
                            {"T${X}${Y}": {"Type": "T"}},
                        )
                    },
                )
            },
            Mappings={"M": {"a": {"list": ["1"]}, "b": {"list": ["2", "3"]}}},
        ),
        {},
    ),
    "properties": (
        template(
            {
                "T": {
                    "Type": "T",
                    "Properties": {
                        "A": 1,
                        "Fn::ForEach::P": loop("X", ["one", "two"], {"Name${X}": {"Ref": "X"}}),
                    },
                }
            }
        ),
        {},
    ),
    "properties in a loop": (
        template(
            {
                "Fn::ForEach::A": loop(
                    "X",
                    ["a"],
                    {
                        "T${X}": {
                            "Type": "T",
                            "Properties": {
                                "Fn::ForEach::P": loop("Y", ["1", "2"], {"${X}${Y}": "${Y}${X}"})
                            },
                        }
                    },
                )
            }
        ),
        {},
    ),
    "conditions and outputs": (
        template(
            {"T": {"Type": "T"}},
            Conditions={
                "Fn::ForEach::C": loop("X", ["a", "b"], {"Is${X}": {"Fn::Equals": ["${X}", "a"]}})
            },
            Outputs={"Fn::ForEach::O": loop("X", ["a", "b"], {"O${X}": {"Value": {"Ref": "X"}}})},
        ),
        {},
    ),
    "an empty list": (
        template({"T": {"Type": "T"}, "Fn::ForEach::A": loop("X", [], {"T${X}": TOPIC})}),
        {},
    ),
    "numbers and booleans": (
        template({"Fn::ForEach::A": loop("X", [1, True], {"T${X}": {"Type": "${X}"}})}),
        {},
    ),
    "no list": (
        template({"Fn::ForEach::A": ["X", {"T${X}": TOPIC}]}),
        {},
    ),
    "a text for a list": (
        template({"Fn::ForEach::A": loop("X", "one", {"T${X}": TOPIC})}),
        {},
    ),
    "a text for a body": (template({"Fn::ForEach::A": loop("X", ["one"], "T")}), {}),
    "an identifier that is a list": (
        template({"Fn::ForEach::A": loop(["X"], ["one"], {"T${X}": TOPIC})}),
        {},
    ),
    "the same key twice": (
        template({"Fn::ForEach::A": loop("X", ["one", "two"], {"T": TOPIC})}),
        {},
    ),
    "a key that is there": (
        template({"Tone": {"Type": "T"}, "Fn::ForEach::A": loop("X", ["one"], {"T${X}": TOPIC})}),
        {},
    ),
    "an identifier that is a parameter": (
        template(
            {"Fn::ForEach::A": loop("X", ["one"], {"T${X}": TOPIC})},
            Parameters={"X": {"Type": "String", "Default": "x"}},
        ),
        {},
    ),
    "an identifier of an outer loop": (
        template(
            {
                "Fn::ForEach::A": loop(
                    "X", ["a"], {"Fn::ForEach::B": loop("X", ["b"], {"T${X}": TOPIC})}
                )
            }
        ),
        {},
    ),
    "six loops": (
        template(
            {
                "Fn::ForEach::A": loop(
                    "A",
                    ["1"],
                    {
                        "Fn::ForEach::B": loop(
                            "B",
                            ["1"],
                            {
                                "Fn::ForEach::C": loop(
                                    "C",
                                    ["1"],
                                    {
                                        "Fn::ForEach::D": loop(
                                            "D",
                                            ["1"],
                                            {
                                                "Fn::ForEach::E": loop(
                                                    "E",
                                                    ["1"],
                                                    {
                                                        "Fn::ForEach::F": loop(
                                                            "F", ["1"], {"T": TOPIC}
                                                        )
                                                    },
                                                )
                                            },
                                        )
                                    },
                                )
                            },
                        )
                    },
                )
            }
        ),
        {},
    ),
}


def ask(text, parameters):
    context = TemplateProcessingContext(
        fragment=copy.deepcopy(text), parameter_values=parameters
    )
    resolver = create_default_intrinsic_resolver(context)
    pipeline = ProcessingPipeline([TemplateParsingProcessor(), ForEachProcessor(resolver)])
    try:
        made = pipeline.process_template(context)
    except InvalidTemplateException as refused:
        return {"refused": str(refused)}
    sections = ("Conditions", "Resources", "Outputs")
    return {"made": {name: made[name] for name in sections if name in made}}


def main():
    record = [
        {"name": name, "template": text, "parameters": parameters, **ask(text, parameters)}
        for name, (text, parameters) in CASES.items()
    ]
    written = json.dumps(record, indent=1) + "\n"
    if "--update" in sys.argv:
        RECORD.write_text(written)
    elif RECORD.read_text() != written:
        sys.exit(f"{RECORD} is not what aws-sam-cli makes: --update writes it")


main()
