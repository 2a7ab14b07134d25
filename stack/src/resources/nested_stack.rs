//! `AWS::CloudFormation::Stack` and SAM's `AWS::Serverless::Application`: a stack in a stack. What
//! its template declares is read as that of the stack around it.

use crate::error::WarningKind;
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, Identity, Reference};
use crate::template::others::NESTED;

pub(crate) const STACK: ResourceType = of(NESTED[0]);
pub(crate) const APPLICATION: ResourceType = of(NESTED[1]);

const fn of(name: &'static str) -> ResourceType {
    ResourceType {
        name,
        identity: Identity {
            // No property names it: its name is generated, as CloudFormation does it.
            reference: Reference::Arn(
                "",
                "arn:{partition}:cloudformation:{region}:{account}:stack/{ref}/\
                 00000000-0000-0000-0000-000000000000",
            ),
            attributes: Attributes::Only(&[]),
        },
        known: &["TemplateURL", "Location", "Parameters"],
        harmless: &["NotificationARNs", "Tags", "TimeoutInMinutes"],
        reads: Reads::Each(read),
    }
}

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let id = &properties.resource.id;
    if let Some(Err(why)) = properties.template.stack.nested.get(id) {
        let message = format!("what the nested stack `{id}` declares is not here: {why}");
        let span = properties.resource.id_span.clone();
        draft.warn(span, WarningKind::LeftOut, message);
    }
}
