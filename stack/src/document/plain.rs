//! What CloudFormation's YAML makes of a scalar that is written without quotes.
//!
//! CloudFormation reads YAML 1.1: `yes`, `Off` and `TRUE` are booleans, `0755` and `0x1F` are
//! numbers, and where a property is text, it is given what the value then prints as: a tag `YES` is
//! `true` on AWS, an account id `012345670123` the number 1402433619. What only some readers of YAML
//! 1.1 take for a number (`012345678901`, `1:30`, a date) keeps its text, as everything does that is
//! quoted or has a tag. `y` and `n` are no booleans: `AttributeType: N` works.
//!
//! Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html>,
//! <https://github.com/ASFHyP3/hyp3/pull/2061> (observed: `YES` and `NO`),
//! <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/745> and
//! <https://github.com/DataDog/cloudformation-template/pull/109> (account ids that are octal).

/// The text of the value, if it is not the one that is written.
pub(crate) fn resolve(written: &str) -> Option<String> {
    let resolved = match written {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "True" | "TRUE" => "true".to_owned(),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" | "False" | "FALSE" => "false".to_owned(),
        "Null" | "NULL" => "null".to_owned(),
        number => whole_number(number)?,
    };
    (resolved != written).then_some(resolved)
}

/// A whole number of YAML 1.1 in decimal: binary, octal, hexadecimal, or with underscores.
fn whole_number(written: &str) -> Option<String> {
    let (sign, digits) = match written.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", written.strip_prefix('+').unwrap_or(written)),
    };
    let (radix, digits) = if let Some(digits) = digits.strip_prefix("0b") {
        (2, digits)
    } else if let Some(digits) = digits.strip_prefix("0x") {
        (16, digits)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, &digits[1..])
    } else if digits.starts_with(|first: char| matches!(first, '1'..='9')) && digits.contains('_') {
        (10, digits)
    } else {
        return None;
    };
    let is_digit = |char: char| char == '_' || char.is_digit(radix);
    if !digits.chars().all(is_digit) {
        return None;
    }
    let number = u128::from_str_radix(&digits.replace('_', ""), radix).ok()?;
    Some(format!("{sign}{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Yes", "true")]
    #[case("off", "false")]
    #[case("TRUE", "true")]
    #[case("NULL", "null")]
    #[case("0755", "493")]
    #[case("012345670123", "1402433619")]
    #[case("-0x1F", "-31")]
    #[case("+0b101", "5")]
    #[case("1_000", "1000")]
    fn yaml_1_1_reads_it_otherwise(#[case] written: &str, #[case] expected: &str) {
        assert_eq!(resolve(written).as_deref(), Some(expected));
    }

    #[rstest]
    #[case("true")]
    #[case("y")]
    #[case("N")]
    #[case("yEs")]
    #[case("0")]
    #[case("-1")]
    #[case("+1")]
    #[case("12")]
    #[case("012345678901")]
    #[case("002406178527")]
    #[case("0o17")]
    #[case("0x")]
    #[case("0_")]
    #[case("_1")]
    #[case("1.0")]
    #[case("1:30")]
    #[case("2026-11-29")]
    #[case("")]
    #[case("0b2")]
    fn everything_else_is_what_is_written(#[case] written: &str) {
        assert_eq!(resolve(written), None);
    }
}
