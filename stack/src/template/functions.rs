//! Intrinsic functions of values alone: what they give does not depend on the template.

use std::net::IpAddr;

use crate::document::value::{Data, Value};

/// `Fn::Cidr`: so many networks out of an address block, each with so many bits for hosts.
///
/// # Errors
/// What the function takes.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html>
pub(super) fn cidr(block: &str, count: u32, host_bits: u32) -> Result<Vec<String>, String> {
    let wrong = || format!("`Fn::Cidr` takes a block such as `10.0.0.0/16`, not `{block}`");
    let (address, prefix) = block.split_once('/').ok_or_else(wrong)?;
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    if prefix > width {
        return Err(wrong());
    }
    if !(1..=256).contains(&count) || !(1..=width).contains(&host_bits) {
        return Err("`Fn::Cidr` takes a count from 1 to 256 and the bits of a host".to_owned());
    }
    let free = (width - prefix).saturating_sub(host_bits);
    if prefix + host_bits > width || free < 9 && count > 1 << free {
        return Err(format!(
            "`{block}` has no room for {count} networks of {host_bits} bits"
        ));
    }
    let start = match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let size = u128::MAX >> (128 - width);
    let start = start & !size.checked_shr(prefix).unwrap_or(0);
    let network = |index: u32| {
        let number = start + u128::from(index).checked_shl(host_bits).unwrap_or(0);
        let address = match u32::try_from(number) {
            Ok(number) if width == 32 => IpAddr::V4(number.into()),
            _ => IpAddr::V6(number.into()),
        };
        format!("{address}/{}", width - host_bits)
    };
    Ok((0..count).map(network).collect())
}

/// `Fn::GetAZs`: names of the form that a region's availability zones have.
pub(super) fn availability_zones(region: &str) -> Vec<String> {
    ["a", "b", "c"].map(|zone| format!("{region}{zone}")).into()
}

/// A list of texts.
pub(super) fn texts(like: &Value, texts: Vec<String>) -> Value {
    let span = &like.span;
    let items = texts.into_iter();
    let items = items.map(|text| Value::text(span.clone(), text));
    Value {
        span: span.clone(),
        data: Data::List(items.collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_divided() {
        assert_eq!(
            cidr("192.168.0.0/24", 3, 5),
            Ok(vec![
                "192.168.0.0/27".to_owned(),
                "192.168.0.32/27".to_owned(),
                "192.168.0.64/27".to_owned()
            ])
        );
        assert_eq!(
            cidr("10.0.3.7/16", 1, 8),
            Ok(vec!["10.0.0.0/24".to_owned()])
        );
        assert_eq!(
            cidr("2001:db8::/56", 2, 64),
            Ok(vec![
                "2001:db8::/64".to_owned(),
                "2001:db8:0:1::/64".to_owned()
            ])
        );
        assert_eq!(cidr("10.0.0.0/24", 8, 5).map(|all| all.len()), Ok(8));
        for (block, count, bits) in [
            ("10.0.0.0/24", 9, 5),
            ("10.0.0.0", 1, 5),
            ("10.0.0.0/33", 1, 5),
            ("10.0.0.0/24", 0, 5),
            ("10.0.0.0/24", 1, 0),
            ("10.0.0.0/24", 1, 9),
            ("x/24", 1, 5),
        ] {
            assert!(cidr(block, count, bits).is_err(), "{block} {count} {bits}");
        }
        assert_eq!(cidr("0.0.0.0/0", 256, 24).map(|all| all.len()), Ok(256));
        assert_eq!(cidr("::/0", 1, 128), Ok(vec!["::/0".to_owned()]));
    }
}
