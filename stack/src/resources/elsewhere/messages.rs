//! Queues, topics, events, streams, workflows.

use super::forms::{Row, name, of};
use crate::template::names::Identity;

pub(super) const TYPES: &[Row] = &[
    // Queues, topics, events, streams.
    (
        "AWS::SQS::Queue",
        of(
            "QueueName",
            "https://sqs.{region}.amazonaws.com/{account}/{ref}",
            &[
                ("Arn", "arn:{partition}:sqs:{region}:{account}:{name}"),
                ("QueueName", "{name}"),
                ("QueueUrl", "{ref}"),
            ],
        ),
    ),
    (
        "AWS::SNS::Topic",
        of(
            "TopicName",
            "arn:{partition}:sns:{region}:{account}:{ref}",
            &[("TopicArn", "{ref}"), ("TopicName", "{name}")],
        ),
    ),
    (
        "AWS::Events::EventBus",
        name(
            "Name",
            &[
                (
                    "Arn",
                    "arn:{partition}:events:{region}:{account}:event-bus/{ref}",
                ),
                ("Name", "{ref}"),
            ],
        ),
    ),
    (
        "AWS::Events::Rule",
        name(
            "Name",
            &[(
                "Arn",
                "arn:{partition}:events:{region}:{account}:rule/{ref}",
            )],
        ),
    ),
    (
        "AWS::Events::Connection",
        name(
            "Name",
            &[(
                "Arn",
                "arn:{partition}:events:{region}:{account}:connection/{ref}/{uuid}",
            )],
        ),
    ),
    (
        "AWS::Events::ApiDestination",
        name(
            "Name",
            &[(
                "Arn",
                "arn:{partition}:events:{region}:{account}:api-destination/{ref}/{uuid}",
            )],
        ),
    ),
    (
        "AWS::Scheduler::Schedule",
        name(
            "Name",
            &[(
                "Arn",
                "arn:{partition}:scheduler:{region}:{account}:schedule/default/{ref}",
            )],
        ),
    ),
    (
        "AWS::Scheduler::ScheduleGroup",
        name(
            "Name",
            &[(
                "Arn",
                "arn:{partition}:scheduler:{region}:{account}:schedule-group/{ref}",
            )],
        ),
    ),
    (
        "AWS::Pipes::Pipe",
        name(
            "Name",
            &[("Arn", "arn:{partition}:pipes:{region}:{account}:pipe/{ref}")],
        ),
    ),
    (
        "AWS::Kinesis::Stream",
        name(
            "Name",
            &[(
                "Arn",
                "arn:{partition}:kinesis:{region}:{account}:stream/{ref}",
            )],
        ),
    ),
    (
        "AWS::KinesisFirehose::DeliveryStream",
        name(
            "DeliveryStreamName",
            &[(
                "Arn",
                "arn:{partition}:firehose:{region}:{account}:deliverystream/{ref}",
            )],
        ),
    ),
    // Workflows.
    ("AWS::StepFunctions::StateMachine", STATE_MACHINE),
    ("AWS::Serverless::StateMachine", SERVERLESS_STATE_MACHINE),
    (
        "AWS::StepFunctions::Activity",
        of(
            "Name",
            "arn:{partition}:states:{region}:{account}:activity:{ref}",
            &[("Arn", "{ref}"), ("Name", "{name}")],
        ),
    ),
];

const STATE_MACHINE: Identity = state_machine("StateMachineName");
const SERVERLESS_STATE_MACHINE: Identity = state_machine("Name");

const fn state_machine(property: &'static str) -> Identity {
    of(
        property,
        "arn:{partition}:states:{region}:{account}:stateMachine:{ref}",
        &[("Arn", "{ref}"), ("Name", "{name}")],
    )
}
