//! What AWS published to compare with: requests, and what their signatures are.

use super::*;

// AWS's test suite for Signature Version 4 (`aws-sig-v4-test-suite`), whose requests are for the
// service `service`.
#[rstest]
#[case::vanilla(
    "GET",
    "/",
    &[],
    b"",
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
)]
#[case::query(
    "GET",
    "/?Param2=value2&Param1=value1",
    &[],
    b"",
    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
)]
#[case::unreserved(
    "GET",
    "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    &[],
    b"",
    "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"
)]
#[case::repeated_fields(
    "GET",
    "/",
    &[("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
    b"",
    "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"
)]
#[case::trimmed_fields(
    "GET",
    "/",
    &[("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
    b"",
    "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
)]
#[case::relative_path(
    "GET",
    "/example/..",
    &[],
    b"",
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
)]
#[case::slashes(
    "GET",
    "//example//",
    &[],
    b"",
    "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"
)]
#[case::post(
    "POST",
    "/",
    &[],
    b"",
    "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
)]
#[case::post_form(
    "POST",
    "/",
    &[("Content-Type", "application/x-www-form-urlencoded")],
    b"Param1=value1",
    "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
)]
fn the_published_requests_get_the_published_signatures(
    #[case] method: &str,
    #[case] target: &str,
    #[case] fields: &[(&str, &str)],
    #[case] body: &[u8],
    #[case] signature: &str,
) {
    let mut sent = Sent::new(method, target, fields, body);
    let mut names: Vec<String> = ["host", "x-amz-date"].map(str::to_owned).into();
    names.extend(fields.iter().map(|(name, _)| name.to_ascii_lowercase()));
    names.sort_unstable();
    names.dedup();
    sent.headers.push("Host", "example.amazonaws.com");
    sent.headers.push("X-Amz-Date", "20150830T123600Z");
    sent.headers.push(
        "Authorization",
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders={}, Signature={signature}",
            names.join(";")
        ),
    );
    assert_eq!(sent.signature(SECRET), signature);
}

// AWS's page on the parts of a signature: the request to IAM, from its canonical form to its
// signature.
#[test]
fn the_published_steps_come_out() {
    let fields = [
        ("Host", "iam.amazonaws.com"),
        (
            "Content-Type",
            "application/x-www-form-urlencoded; charset=utf-8",
        ),
        ("X-Amz-Date", "20150830T123600Z"),
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, Signature=-",
        ),
    ];
    let sent = Sent::new("GET", "/?Action=ListUsers&Version=2010-05-08", &fields, b"");
    let claim = Claim::read(&sent.request()).unwrap();
    let canonical = Canonical::new(&sent.request(), &claim);
    assert_eq!(
        canonical.request,
        "GET\n\
         /\n\
         Action=ListUsers&Version=2010-05-08\n\
         content-type:application/x-www-form-urlencoded; charset=utf-8\n\
         host:iam.amazonaws.com\n\
         x-amz-date:20150830T123600Z\n\n\
         content-type;host;x-amz-date\n\
         e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        canonical.string_to_sign,
        "AWS4-HMAC-SHA256\n\
         20150830T123600Z\n\
         20150830/us-east-1/iam/aws4_request\n\
         f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
    );
    assert_eq!(
        sent.signature(SECRET),
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    );
}
