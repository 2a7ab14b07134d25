mod published;

use super::*;
use proptest::prelude::*;
use rstest::rstest;

/// The time of AWS's published examples.
const SIGNED: u64 = 1_440_938_160_000;

/// The key of AWS's published examples, whose scopes name no API Gateway: their signatures can only
/// be compared.
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// The parts of a request that its signature covers, or that its signature is.
#[derive(Clone, Debug)]
struct Sent {
    method: String,
    target: String,
    headers: Headers,
    body: Vec<u8>,
}

fn caller() -> Caller {
    Caller {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: None,
        account_id: "000000000000".to_owned(),
        user_id: "AIDAEXAMPLE".to_owned(),
        arn: "arn:aws:iam::000000000000:user/example".to_owned(),
        policy: None,
    }
}

impl Sent {
    fn new(method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: fields.iter().copied().collect(),
            body: body.to_vec(),
        }
    }

    fn request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            target: &self.target,
            headers: &self.headers,
            body: &self.body,
        }
    }

    /// The signature that its own claim should have had.
    fn signature(&self, secret: &str) -> String {
        let claim = Claim::read(&self.request()).unwrap();
        let canonical = Canonical::new(&self.request(), &claim);
        canonical::signature(secret, &claim.scope, &canonical.string_to_sign)
    }

    /// Signs the fields that are there, in `Authorization`.
    fn signed(mut self, caller: &Caller) -> Self {
        if let Some(token) = &caller.session_token {
            self.headers.set("X-Amz-Security-Token", token);
        }
        self.headers.set("X-Amz-Date", "20150830T123600Z");
        let mut names: Vec<String> = self
            .headers
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        names.sort_unstable();
        names.dedup();
        let with = |signature: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential={}/20150830/us-east-1/execute-api/aws4_request, \
                 SignedHeaders={}, Signature={signature}",
                caller.access_key_id,
                names.join(";")
            )
        };
        self.headers.set("Authorization", with("-"));
        let signature = self.signature(&caller.secret_access_key);
        self.headers.set("Authorization", with(&signature));
        self
    }

    /// Signs the host in the query string.
    fn presigned(mut self, caller: &Caller, expires: Option<u64>) -> Self {
        let at = Timestamp::from_millis(SIGNED);
        let host = self.headers.get("Host").unwrap();
        let expires = expires.map(Duration::from_secs);
        self.target = presign(caller, "us-east-1", host, &self.target, at, expires);
        self
    }

    fn verified(&self, caller: Caller, millis: u64) -> Result<(), Rejection> {
        let now = Timestamp::from_millis(millis);
        verify(
            &self.request(),
            &[caller],
            Destination::api("us-east-1"),
            now,
        )
        .map(drop)
    }
}

fn post() -> Sent {
    Sent::new(
        "POST",
        "/stage/%40connections/R1kmxc2VNjMCFIA%3D",
        &[("Host", "127.0.0.1:3001"), ("Content-Type", "text/plain")],
        b"hello",
    )
}

fn upgrade() -> Sent {
    let fields = [("Host", "127.0.0.1:3001"), ("Upgrade", "websocket")];
    Sent::new("GET", "/stage?room=7&name=it%27s", &fields, b"")
}

fn message(rejection: Result<(), Rejection>) -> String {
    rejection.unwrap_err().message()
}

#[test]
fn what_was_signed_holds() {
    let caller = caller();
    assert_eq!(
        post().signed(&caller).verified(caller.clone(), SIGNED),
        Ok(())
    );
    assert_eq!(
        upgrade().signed(&caller).verified(caller.clone(), SIGNED),
        Ok(())
    );
    let url = upgrade().presigned(&caller, Some(60));
    assert_eq!(url.verified(caller, SIGNED), Ok(()));
}

#[test]
fn temporary_credentials_come_with_their_token() {
    let mut temporary = caller();
    temporary.session_token = Some("t0/k=n+".to_owned());
    for sent in [
        post().signed(&temporary),
        upgrade().presigned(&temporary, None),
    ] {
        assert_eq!(sent.verified(temporary.clone(), SIGNED), Ok(()));
        let mut other = temporary.clone();
        other.session_token = Some("t1ken".to_owned());
        assert_eq!(sent.verified(other, SIGNED), Err(Rejection::UnknownCaller));
        // A key that is not temporary has no token.
        assert_eq!(
            sent.verified(caller(), SIGNED),
            Err(Rejection::UnknownCaller)
        );
    }
    let without = post().signed(&caller());
    assert_eq!(
        without.verified(temporary, SIGNED),
        Err(Rejection::UnknownCaller)
    );
}

#[test]
fn an_unknown_key_and_no_key_are_told_apart() {
    let mut stranger = caller();
    stranger.access_key_id = "AKIASTRANGER".to_owned();
    let rejection = post().signed(&stranger).verified(caller(), SIGNED);
    assert_eq!(rejection, Err(Rejection::UnknownCaller));
    assert_eq!(
        message(rejection),
        "The security token included in the request is invalid."
    );
    assert_eq!(post().verified(caller(), SIGNED), Err(Rejection::Missing));
    assert_eq!(
        upgrade().verified(caller(), SIGNED),
        Err(Rejection::Missing)
    );
}

#[rstest]
// Sent in published questions; the hash is that of the whole field.
#[case(
    "Bearer abc",
    "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and \
     encoded with Base64): 'w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY='."
)]
#[case(
    "eyJhbGciOiJub25lIn0",
    "Authorization header requires 'Credential' parameter. Authorization header requires \
     'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization \
     header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 \
     and encoded with Base64) Authorization=YNj9O6tNAY0Tn1AlqRpLa3ng1flAKlhemfEQehfMc0A="
)]
#[case(
    "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=b",
    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed \
     with SHA-256 and encoded with Base64) \
     Authorization=kObdg4Rnr5LEY12JMZQjZ6U4UH8c8kf6duT015Rw/lU="
)]
fn what_is_no_signature_is_incomplete(#[case] authorization: &str, #[case] expected: &str) {
    let mut sent = post();
    sent.headers.push("Authorization", authorization);
    let rejection = sent.verified(caller(), SIGNED).unwrap_err();
    assert_eq!(rejection.error_type(), "IncompleteSignatureException");
    assert_eq!(rejection.message(), expected);
}

#[rstest]
#[case(
    "AWS4-HMAC-SHA256",
    "AWS4-ECDSA-P256-SHA256",
    "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'."
)]
#[case(
    "/20150830/us-east-1",
    "/us-east-1",
    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, \
     got 'AKIDEXAMPLE/us-east-1/execute-api/aws4_request'"
)]
#[case(
    "SignedHeaders=content-type;host;",
    "SignedHeaders=content-type;",
    "'Host' must be a 'SignedHeader' in the AWS Authorization."
)]
// Published of an API with a custom domain name.
#[case(
    "us-east-1/execute-api",
    "eu-west-1/s3",
    "Credential should be scoped to a valid region, not 'eu-west-1'. Credential should be scoped \
     to correct service: 'execute-api'. "
)]
#[case(
    "aws4_request",
    "aws5_request",
    "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "
)]
#[case(
    "/20150830/",
    "/20150829/",
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
     '20150829' != '20150830', from '20150830T123600Z'. "
)]
fn what_can_not_hold_says_why(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
    let mut sent = post().signed(&caller());
    let authorization = sent.headers.get("Authorization").unwrap().replace(from, to);
    sent.headers.set("Authorization", authorization);
    assert_eq!(message(sent.verified(caller(), SIGNED)), expected);
}

#[rstest]
#[case(SIGNED - 300_000, None)]
#[case(SIGNED + 300_999, None)]
// The forms of two published refusals.
#[case(
    SIGNED - 300_001,
    Some("Signature not yet current: 20150830T123600Z is still later than \
         20150830T123559Z (20150830T123059Z + 5 min.)")
)]
#[case(
    SIGNED + 301_000,
    Some("Signature expired: 20150830T123600Z is now earlier than \
         20150830T123601Z (20150830T124101Z - 5 min.)")
)]
fn a_signature_in_a_field_holds_for_five_minutes(#[case] now: u64, #[case] refusal: Option<&str>) {
    let verified = post().signed(&caller()).verified(caller(), now);
    assert_eq!(
        verified
            .err()
            .map(|rejection| rejection.message())
            .as_deref(),
        refusal
    );
}

#[rstest]
#[case(Some(3600), SIGNED + 3_600_999, true)]
#[case(Some(3600), SIGNED + 3_601_000, false)]
#[case(Some(604_800), SIGNED + 604_800_000, true)]
#[case(None, SIGNED + 300_999, true)]
#[case(None, SIGNED + 301_000, false)]
#[case(Some(3600), SIGNED - 301_000, false)]
fn a_signature_in_the_query_string_says_how_long(
    #[case] expires: Option<u64>,
    #[case] now: u64,
    #[case] holds: bool,
) {
    let url = upgrade().presigned(&caller(), expires);
    assert_eq!(url.verified(caller(), now).is_ok(), holds);
}

#[rstest]
#[case("&X-Amz-Expires=604801")]
#[case("&X-Amz-Expires=0")]
#[case("&X-Amz-Expires=soon")]
fn a_validity_is_a_week_at_most(#[case] expires: &str) {
    let mut url = upgrade();
    url.target.push_str("&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20150830/us-east-1/execute-api/aws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Signature=b");
    url.target.push_str(expires);
    let rejection = url.verified(caller(), SIGNED).unwrap_err();
    assert_eq!(rejection.error_type(), "IncompleteSignatureException");
    assert!(rejection.message().starts_with("X-Amz-Expires must be"));
}

#[test]
fn a_half_signed_query_string_says_what_is_missing() {
    let mut url = upgrade();
    url.target
        .push_str("&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20150830T123600Z");
    assert_eq!(
        message(url.verified(caller(), SIGNED)),
        "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters \
         must include 'X-Amz-Signature'. AWS query-string parameters must include \
         'X-Amz-SignedHeaders'. Re-examine the query-string parameters."
    );
}

// The text that awscurl's issue 61 has of a real API, but for the names.
#[test]
fn a_wrong_signature_is_shown_what_was_to_sign() {
    let fields = [("Host", "127.0.0.1:3001")];
    let mut sent = Sent::new(
        "POST",
        "/test/@connections/atntqfjloAMCECg=",
        &fields,
        b"hello",
    )
    .signed(&caller());
    let authorization = sent.headers.get("Authorization").unwrap();
    let wrong = authorization.split("Signature=").next().unwrap().to_owned() + "Signature=0";
    sent.headers.set("Authorization", wrong);
    assert_eq!(
        message(sent.verified(caller(), SIGNED)),
        "The request signature we calculated does not match the signature you provided. Check your \
         AWS Secret Access Key and signing method. Consult the service documentation for \
         details.\n\n\
         The Canonical String for this request should have been\n\
         'POST\n\
         /test/%40connections/atntqfjloAMCECg%3D\n\n\
         host:127.0.0.1:3001\n\
         x-amz-date:20150830T123600Z\n\n\
         host;x-amz-date\n\
         2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'\n\n\
         The String-to-Sign should have been\n\
         'AWS4-HMAC-SHA256\n\
         20150830T123600Z\n\
         20150830/us-east-1/execute-api/aws4_request\n\
         af95fd64e595012a5cb8ab52b4bd089bfa6ac0ecd8465662aef25857a8df43a7'\n"
    );
}

/// `text` with the letter or digit at `position` (among its letters and digits) made another.
fn with_another(text: &str, position: usize) -> String {
    let candidates: Vec<usize> = text
        .bytes()
        .enumerate()
        .filter(|(_, byte)| byte.is_ascii_alphanumeric())
        .map(|(index, _)| index)
        .collect();
    let chosen = candidates[position % candidates.len()];
    let mut bytes = text.as_bytes().to_vec();
    bytes[chosen] = if bytes[chosen] == b'q' { b'r' } else { b'q' };
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn one_changed_character_of_what_was_signed_is_noticed(
        target in "/stage/[a-zA-Z0-9%@=]{1,20}",
        field in "[a-z0-9]{1,20}",
        body in proptest::collection::vec(any::<u8>(), 1..40),
        part in 0_usize..6,
        position: usize,
    ) {
        let fields = [("Host", "127.0.0.1:3001"), ("My", &*field)];
        let sent = Sent::new("POST", &target, &fields, &body).signed(&caller());
        prop_assert_eq!(sent.verified(caller(), SIGNED), Ok(()));
        let mut changed = sent.clone();
        match part {
            0 => changed.method = with_another(&sent.method, position),
            1 => changed.target = with_another(&sent.target, position),
            2 => changed.headers.set("My", with_another(&field, position)),
            3 => changed.headers.set("Host", with_another("127.0.0.1:3001", position)),
            4 => {
                let index = position % body.len();
                changed.body[index] ^= 1;
            }
            _ => {
                let authorization = sent.headers.get("Authorization").unwrap();
                let (before, signature) = authorization.split_once("Signature=").unwrap();
                let signature = with_another(signature, position);
                let authorization = format!("{before}Signature={signature}");
                changed.headers.set("Authorization", authorization);
            }
        }
        prop_assert!(changed.verified(caller(), SIGNED).is_err(), "{:?}", changed);
    }

    #[test]
    fn one_changed_parameter_of_a_signed_address_is_noticed(
        name in "[a-z]{1,5}",
        value in "[a-zA-Z0-9]{1,10}",
        position: usize,
    ) {
        let plain = Sent::new("GET", &format!("/stage?{name}={value}"), &[("Host", "h")], b"");
        let url = plain.presigned(&caller(), Some(60));
        prop_assert_eq!(url.verified(caller(), SIGNED), Ok(()));
        let mut changed = url.clone();
        changed.target = with_another(&url.target, position);
        prop_assert!(changed.verified(caller(), SIGNED).is_err(), "{}", changed.target);
        let mut added = url;
        added.target.push_str("&more=1");
        prop_assert!(added.verified(caller(), SIGNED).is_err());
    }

    #[test]
    fn nothing_that_is_sent_panics(
        method: String,
        target: String,
        authorization: String,
        date: String,
        body: Vec<u8>,
    ) {
        let mut sent = Sent::new(&method, &target, &[("X-Amz-Date", &date)], &body);
        let _ = sent.verified(caller(), SIGNED);
        sent.headers.push("Authorization", &authorization);
        let _ = sent.verified(caller(), SIGNED);
        let whole = format!(
            "AWS4-HMAC-SHA256 Credential={authorization}, SignedHeaders={target}, \
             Signature={date}"
        );
        sent.headers.set("Authorization", whole);
        sent.headers.set("X-Amz-Date", "20150830T123600Z");
        let _ = sent.verified(caller(), SIGNED);
    }
}

// A log is read by more people than the answer: a session token that was signed must not stand in
// it, nor may a request write lines of its own.
#[test]
fn what_is_logged_of_a_rejection_is_one_line_without_secrets() {
    let mismatch = Rejection::Mismatch {
        canonical_request: "GET\n/\nX-Amz-Security-Token=T0KEN".to_owned(),
        string_to_sign: "T0KEN".to_owned(),
    };
    assert!(mismatch.message().contains("T0KEN"));
    for rejection in [
        mismatch,
        Rejection::Incomplete("a\nWARN forged".to_owned()),
        Rejection::Invalid("a\r\nb".to_owned()),
    ] {
        let line = rejection.to_string();
        assert!(
            !line.contains("T0KEN") && !line.contains(char::is_control),
            "{line}"
        );
    }
}
