//! The parameters of the CDK's legacy synthesizer: each asset has three, without defaults, which
//! its CLI fills in when it deploys.

/// The value of a parameter of an asset, as the CDK's CLI gives it; `None` for any other parameter.
///
/// Source: <https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.LegacyStackSynthesizer.html>
pub(crate) fn value(name: &str) -> Option<String> {
    let rest = name.strip_prefix("AssetParameters")?;
    let (hash, rest) = rest.split_at_checked(64)?;
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    // The end is a hash of the name.
    let (kind, end) = rest.split_at_checked(rest.len().checked_sub(8)?)?;
    if !is_hex(hash) || !is_hex(end) {
        return None;
    }
    match kind {
        "S3Bucket" => Some("cdktoolkit-stagingbucket".to_owned()),
        // The prefix, the separator, the file.
        "S3VersionKey" => Some(format!("assets/||{hash}.zip")),
        "ArtifactHash" => Some(hash.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parameters_of_assets_have_values() {
        let hash = "31208d1090ed9386300f68e2b185e122c068df6f6f2d3c2ef0b91f72b7cc64fa";
        let of = |kind: &str| value(&format!("AssetParameters{hash}{kind}27D5FCFB"));
        assert_eq!(of("S3VersionKey"), Some(format!("assets/||{hash}.zip")));
        assert_eq!(of("ArtifactHash").as_deref(), Some(hash));
        assert!(of("S3Bucket").is_some());
        assert_eq!(of("Other"), None);
        assert_eq!(value("AssetParametersS3Bucket27D5FCFB"), None);
        assert_eq!(value("AssetParameters"), None);
        assert_eq!(value(&"é".repeat(80)), None);
    }
}
