//! The stack that the kit's own cases are about.

use conformance::Case;
use spec::api::AuthorizationType;
use stack::Assembly;

use super::selection::Author;
use crate::Failure;

/// The route that those cases send messages to.
const ROUTE: &str = "sendmessage";
/// Where those cases show who they are.
const IDENTITY: &str = "route.request.header.token";

/// Refuses cases that would judge a stack by what another one does.
pub(super) fn check(stack: &Assembly, cases: &[Case], author: Author) -> Result<(), Failure> {
    let is_about_it = |case: &Case| case.fixture.is_none();
    if author == Author::User || is_pattern(stack) || !cases.iter().any(is_about_it) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the kit's own cases are about the stack of gatespec's `template.yaml`, whose route \
         `{ROUTE}` answers clients that send the header `token: hello`, and this stack is another \
         one: give cases of your own with `--cases PATH` (docs/your-own-cases.md shows how), or \
         talk to it with `gatespec serve`"
    )))
}

/// Whether a stack has what those cases need.
fn is_pattern(stack: &Assembly) -> bool {
    let api = stack.api();
    let connect = api.routes.get("$connect");
    let authorizer = connect
        .filter(|route| route.authorization_type == AuthorizationType::Custom)
        .and_then(|route| api.authorizers.get(route.authorizer_id.as_ref()?));
    let sources = authorizer.map(|authorizer| &authorizer.identity_source);
    api.routes.contains_key(ROUTE)
        && sources.is_some_and(|sources| sources.iter().any(|source| source == IDENTITY))
}
