//! What `Ref` and `Fn::GetAtt` give of resources that are not served here: names, ARNs and
//! addresses in AWS's form, since functions parse them and other services are asked by them.
//!
//! Source: "Return values" of each type in
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>;
//! the forms of ARNs: <https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html>

mod forms;
mod messages;
mod networks;
mod storage;

use crate::template::names::Identity;
use forms::Row;

/// What a type is called by. Attributes that are not listed are some text.
pub(crate) fn identity(kind: &str) -> Option<&'static Identity> {
    let found = rows().find(|(name, _)| *name == kind);
    found.map(|(_, identity)| identity)
}

fn rows() -> impl Iterator<Item = &'static Row> {
    let tables = [messages::TYPES, storage::TYPES, networks::TYPES];
    tables.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_stands_here_once() {
        let mut names: Vec<&str> = rows().map(|(name, _)| *name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
