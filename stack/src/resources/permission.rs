//! `AWS::Lambda::Permission`: who may call a function. API Gateway may only if a permission names
//! it.

use spec::policy::wildcard;

use crate::declared::Permission;
use crate::error::{Error, ErrorKind};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::template::names::{Attributes, Identity, Reference};

pub(crate) const TYPE: ResourceType = ResourceType {
    name: "AWS::Lambda::Permission",
    identity: Identity {
        reference: Reference::Generated,
        attributes: Attributes::Including(&[]),
    },
    known: &[
        "Action",
        "FunctionName",
        "Principal",
        "SourceArn",
        "SourceAccount",
    ],
    harmless: &[
        "EventSourceToken",
        "FunctionUrlAuthType",
        "PrincipalOrgID",
        "InvokedViaFunctionUrl",
    ],
    reads: Reads::Each(read),
};

fn read(draft: &mut Draft<'_>, properties: &Properties<'_>) {
    let before = draft.findings.count();
    let action = draft.take(properties.required_text("Action"));
    let principal = draft.take(properties.required_text("Principal"));
    let function_name = draft.take(properties.required_text("FunctionName"));
    let account = draft.optional(properties.text("SourceAccount"));
    let source_arn = draft.optional(properties.text("SourceArn"));
    let errors = draft.findings.split_off(before);
    let is_unsupported = |error: &Error| matches!(error.kind(), ErrorKind::Unsupported(_));
    if !errors.is_empty() && errors.iter().all(is_unsupported) {
        draft.leave_out(errors, "it is served as if the permission did not exist");
        return;
    }
    if !errors.is_empty() {
        draft.incomplete.insert(TYPE.name);
        errors
            .into_iter()
            .for_each(|error| draft.findings.error(error));
    }
    let (Some((action, _)), Some((principal, _)), Some((function_name, _))) =
        (action, principal, function_name)
    else {
        return;
    };
    let allows_calls = wildcard(&action.to_ascii_lowercase(), "lambda:invokefunction");
    let own_account = &draft.template.settings.account_id;
    let is_own_account = account.is_none_or(|account| account == *own_account);
    let is_api_gateway = ["apigateway.amazonaws.com", "*"].contains(&&*principal);
    if allows_calls && is_own_account && is_api_gateway {
        draft.permissions.push(Permission {
            function_name,
            source_arn,
        });
    }
}
