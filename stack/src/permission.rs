//! `AWS::Lambda::Permission`: who may call a function. API Gateway may only where a permission names it.

use spec::policy::{arn_matches, wildcard};

use super::Function;
use super::properties::Properties;
use super::source::{Error, Warning};
use super::template::Template;

/// A permission for API Gateway to call a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// `FunctionName`: a name or an ARN, perhaps with a qualifier.
    pub function_name: String,
    /// `SourceArn`, with `*` and `?` as wildcards in each of its parts; `None` lets every API call (INTEGRATION-74).
    pub source_arn: Option<String>,
}

/// Reads the permissions that concern API Gateway.
pub(crate) fn read(
    template: &Template<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Permission>, Error> {
    let mut permissions = Vec::new();
    for resource in template.resources.values() {
        if resource.kind != "AWS::Lambda::Permission" {
            continue;
        }
        let properties = Properties::new(template, resource);
        properties.warn_of_others(
            &[
                "Action",
                "FunctionName",
                "Principal",
                "SourceArn",
                "SourceAccount",
            ],
            &[
                "EventSourceToken",
                "FunctionUrlAuthType",
                "PrincipalOrgID",
                "InvokedViaFunctionUrl",
            ],
            warnings,
        );
        let (action, _) = properties.required_text("Action")?;
        let (principal, _) = properties.required_text("Principal")?;
        let (function_name, _) = properties.required_text("FunctionName")?;
        let account = properties.text("SourceAccount")?;
        let allows_calls = wildcard(&action.to_ascii_lowercase(), "lambda:invokefunction");
        let is_own_account = account.is_none_or(|account| account == template.settings.account_id);
        let is_api_gateway = ["apigateway.amazonaws.com", "*"].contains(&&*principal);
        if allows_calls && is_own_account && is_api_gateway {
            permissions.push(Permission {
                function_name,
                source_arn: properties.text("SourceArn")?,
            });
        }
    }
    Ok(permissions)
}

impl Permission {
    /// Whether it lets `source_arn` call `function`.
    pub(crate) fn allows(&self, function: &Function, source_arn: &str) -> bool {
        let named = &*self.function_name;
        let qualified = |whole: &str| {
            named
                .strip_prefix(whole)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        // `ACCOUNT:function:NAME` is a name, too.
        let partial = function.arn.splitn(5, ':').last().unwrap_or_default();
        [&*function.name, partial, &function.arn]
            .into_iter()
            .any(qualified)
            && self
                .source_arn
                .as_ref()
                .is_none_or(|pattern| arn_matches(pattern, source_arn))
    }
}
