//! How a row of the tables is written.

use crate::template::names::{Attributes, Identity, Reference};

/// A type with what it is called by.
pub(super) type Row = (&'static str, Identity);

/// Attributes and their patterns.
pub(super) type Patterns = &'static [(&'static str, &'static str)];

/// `Ref` is the name that the property gives.
pub(super) const fn name(property: &'static str, attributes: Patterns) -> Identity {
    Identity {
        reference: Reference::Name(property),
        attributes: Attributes::Including(attributes),
    }
}

/// `Ref` is the name that the property gives, or a generated one in lower case.
pub(super) const fn lower(property: &'static str, attributes: Patterns) -> Identity {
    Identity {
        reference: Reference::LowerName(property),
        attributes: Attributes::Including(attributes),
    }
}

/// `Ref` is a pattern that the name in the property is filled into as `{ref}`; attributes have that
/// name as `{name}`.
pub(super) const fn of(
    property: &'static str,
    pattern: &'static str,
    attributes: Patterns,
) -> Identity {
    Identity {
        reference: Reference::Arn(property, pattern),
        attributes: Attributes::Including(attributes),
    }
}

/// `Ref` is made up by AWS, in this form.
pub(super) const fn made(pattern: &'static str, attributes: Patterns) -> Identity {
    Identity {
        reference: Reference::Made(pattern),
        attributes: Attributes::Including(attributes),
    }
}
