//! The names and ids that a deployed stack's resources would have: what `Ref` and `Fn::GetAtt`
//! give.
//!
//! CloudFormation generates ids when it deploys. Here they follow from the logical ids, so that
//! they are the same at every start.

use crate::settings::Settings;

/// What a type of resources is called by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    /// What `Ref` gives.
    pub(crate) reference: Reference,
    /// What `Fn::GetAtt` gives.
    pub(crate) attributes: Attributes,
}

/// What `Ref` gives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reference {
    /// An id of so many lower-case letters and digits.
    Id(usize),
    /// The name that this property gives, or a generated one.
    Name(&'static str),
    /// The name that this property gives, or a generated one in lower case.
    LowerName(&'static str),
    /// A generated name.
    Generated,
    /// What AWS makes up, by a pattern of [`made_up`].
    Made(&'static str),
    /// An ARN: the property with the name, and the pattern that it is filled into as `{ref}`.
    Arn(&'static str, &'static str),
    /// The ARN of the function `FunctionName`, with the qualifier that the property gives, or that of
    /// a version.
    Qualified(Option<&'static str>),
}

/// The number of a version that was just published.
pub(crate) const FIRST_VERSION: &str = "1";

/// What `Fn::GetAtt` gives: patterns by attribute, in which `{ref}`, `{partition}`, `{region}` and
/// `{account}` are filled in, `{name}` (the name in an ARN or a URL that `Ref` gives), what is
/// [`made_up`], or, as `{=Property}`, a property.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attributes {
    /// These and no others.
    Only(&'static [(&'static str, &'static str)]),
    /// These; any other is some text, since nothing here depends on it.
    Including(&'static [(&'static str, &'static str)]),
}

/// More than AWS takes for any name, in bytes. A chain of names that each have the one before twice
/// ends here.
pub(crate) const LONGEST: usize = 100_000;

/// What an ARN of a function is made of.
pub(crate) const FUNCTION_ARN: &str = "arn:{partition}:lambda:{region}:{account}:function:{ref}";

impl Identity {
    /// What the pattern of an attribute is; `None` if the type has no such attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let (listed, others) = match self.attributes {
            Attributes::Only(listed) => (listed, None),
            Attributes::Including(listed) => (listed, Some(format!("{{ref}}.{name}"))),
        };
        let found = listed.iter().find(|(attribute, _)| *attribute == name);
        found.map(|(_, pattern)| (*pattern).to_owned()).or(others)
    }
}

/// A pattern of an attribute, filled in.
pub(crate) fn fill(pattern: &str, reference: &str, settings: &Settings) -> String {
    pattern
        .replace("{partition}", &settings.partition)
        .replace("{region}", &settings.region)
        .replace("{account}", &settings.account_id)
        .replace("{ref}", reference)
}

/// The ARN of a function's alias or version; the function is named, or is an ARN.
pub(crate) fn qualified_arn(function: &str, qualifier: &str, settings: &Settings) -> String {
    let arn = match function.starts_with("arn:") {
        true => function.to_owned(),
        false => fill(FUNCTION_ARN, function, settings),
    };
    format!("{arn}:{qualifier}")
}

/// A pattern with what AWS makes up, always the same for a path: `{id:9}` (so many lower-case
/// letters and digits), `{upper:9}`, `{digits:9}`, `{hex:9}`, `{uuid}`.
pub(crate) fn made_up(pattern: &str, path: &str) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, (token, behind))) = rest
        .split_once('{')
        .and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        text.push_str(before);
        let (kind, length) = token.split_once(':').unwrap_or((token, ""));
        let length = length.parse().unwrap_or(0);
        let of = |digits: &str, length| stable(digits, &format!("{path}/{kind}"), length);
        match kind {
            "id" => text.push_str(&of("abcdefghijklmnopqrstuvwxyz0123456789", length)),
            "upper" => text.push_str(&of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", length)),
            "digits" => text.push_str(&of("123456789", length)),
            "hex" => text.push_str(&of("0123456789abcdef", length)),
            "uuid" => {
                let hex = of("0123456789abcdef", 32);
                let parts = [&hex[..8], &hex[8..12], "4", &hex[13..16], "a", &hex[17..20]];
                let [a, b, four, c, variant, d] = parts;
                text.push_str(&format!("{a}-{b}-{four}{c}-{variant}{d}-{}", &hex[20..]));
            }
            _ => text.push_str(&format!("{{{token}}}")),
        }
        rest = behind;
    }
    text.push_str(rest);
    text
}

/// Characters among `digits`, always the same for a text.
fn stable(digits: &str, of: &str, length: usize) -> String {
    let digits = digits.as_bytes();
    let index = |at: usize| hash(&format!("{of}/{at}")) as usize % digits.len();
    (0..length)
        .map(|at| char::from(digits[index(at)]))
        .collect()
}

/// The name of a resource that has none of its own. CloudFormation adds a random suffix; here there
/// is none, so that the name stays.
pub(crate) fn generated_name(settings: &Settings, logical_id: &str) -> String {
    format!("{}-{logical_id}", settings.stack_name)
}

/// The value of an API key that the template gives none: forty lower-case letters and digits,
/// always the same for a logical id.
pub(crate) fn generated_key(logical_id: &str) -> String {
    (0..4)
        .map(|part| stable_id(&format!("{logical_id}/{part}"), 10))
        .collect()
}

/// An id of lower-case letters and digits, always the same for a logical id.
pub(crate) fn stable_id(logical_id: &str, length: usize) -> String {
    let mut hash = hash(logical_id);
    let mut id = String::with_capacity(length);
    for _ in 0..length {
        let digit = (hash % 36) as u32;
        id.push(char::from_digit(digit, 36).unwrap_or('0'));
        hash /= 36;
    }
    id
}

/// FNV-1a: well spread, and the same on every machine.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_api_gateways_and_differ() {
        let id = stable_id("WebsocketApi", 10);
        assert_eq!(id.len(), 10);
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        );
        assert_eq!(id, stable_id("WebsocketApi", 10));
        assert_ne!(id, stable_id("WebsocketApi2", 10));
    }

    #[test]
    fn attributes_are_patterns() {
        let settings = Settings::default();
        let arn = "arn:{partition}:lambda:{region}:{account}:function:{ref}";
        assert_eq!(
            fill(arn, "f", &settings),
            "arn:aws:lambda:us-east-1:000000000000:function:f"
        );
        let identity = |attributes| Identity {
            reference: Reference::Generated,
            attributes,
        };
        let only = identity(Attributes::Only(&[("Arn", "{ref}")]));
        assert_eq!(only.attribute("Arn").as_deref(), Some("{ref}"));
        assert_eq!(only.attribute("Other"), None);
        let including = identity(Attributes::Including(&[]));
        assert_eq!(including.attribute("Other").as_deref(), Some("{ref}.Other"));
    }
}
