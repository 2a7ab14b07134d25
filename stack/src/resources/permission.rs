//! `AWS::Lambda::Permission`: who may call a function. API Gateway may only if a permission names
//! it.

use spec::policy::wildcard;

use crate::declared::Permission;
use crate::error::{Error, ErrorKind};
use crate::resources::draft::{Draft, Reads, ResourceType};
use crate::resources::properties::Properties;
use crate::settings::Settings;
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
    let settings = draft.template.settings;
    let is_made_up = settings.account_id == Settings::default().account_id;
    let is_own = |account: &String| is_made_up || *account == settings.account_id;
    let is_own_account = account.as_ref().is_none_or(is_own);
    let is_api_gateway = ["apigateway.amazonaws.com", "*"].contains(&&*principal);
    if allows_calls && is_own_account && is_api_gateway {
        draft.permissions.push(Permission {
            function_name: in_own_account(function_name, settings),
            source_arn: source_arn.map(|arn| in_own_account(arn, settings)),
        });
    }
}

/// Whether this is the number of an account.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An ARN with account and region of this stack in the place of a written-out account and its
/// region: where the template is deployed is not known here if the account is a made-up one.
fn in_own_account(arn: String, settings: &Settings) -> String {
    let made_up = Settings::default().account_id;
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, service, _, account, rest]
            if settings.account_id == made_up && account != made_up && is_account(account) =>
        {
            let Settings {
                region, account_id, ..
            } = settings;
            format!("arn:{partition}:{service}:{region}:{account_id}:{rest}")
        }
        _ => arn,
    }
}
