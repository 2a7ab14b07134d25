//! Those who may sign: an INI file in the form of AWS's shared credentials file, a profile a
//! caller.
//!
//! ```text
//! [alice]
//! aws_access_key_id = AKIAALICE
//! aws_secret_access_key = secret
//! ; what follows may be left out
//! aws_session_token = token
//! arn = arn:aws:iam::000000000000:user/alice
//! user_id = AIDAALICE
//! policy = alice.json
//! ```

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use spec::api::Api;
use spec::policy::PolicyDocument;
use spec::signature::Caller;

use crate::Error;

/// The profiles of a file, in order. Those without an access key (of single sign-on, say) are
/// passed over, and so is what else AWS's tools keep in such a file. `policy` is a file beside it.
pub(crate) fn read(path: &Path, api: &Api) -> Result<Vec<Caller>, Error> {
    let error = |problem: String| Error::Credentials {
        path: path.to_owned(),
        problem,
    };
    let text = std::fs::read_to_string(path).map_err(|cause| error(cause.to_string()))?;
    let mut callers: Vec<Caller> = Vec::new();
    for profile in profiles(&text).map_err(error)? {
        let Some(caller) = profile.caller(api, path).map_err(error)? else {
            continue;
        };
        let key = &caller.access_key_id;
        if callers.iter().any(|other| other.access_key_id == *key) {
            return Err(error(format!(
                "several profiles have the access key `{key}`"
            )));
        }
        callers.push(caller);
    }
    match callers.is_empty() {
        true => Err(error("no profile has an `aws_access_key_id`".to_owned())),
        false => Ok(callers),
    }
}

/// A section of the file.
struct Profile {
    name: String,
    settings: HashMap<String, String>,
}

fn profiles(text: &str) -> Result<Vec<Profile>, String> {
    let mut profiles: Vec<Profile> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        // What is indented belongs to a setting that means nothing here.
        let is_nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if is_nested || line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            let name = name
                .strip_suffix(']')
                .map(str::trim)
                .ok_or_else(|| format!("line {number}: `{line}` must end in `]`"))?;
            let name = name.strip_prefix("profile ").unwrap_or(name).trim();
            if profiles.iter().any(|profile| profile.name == name) {
                return Err(format!(
                    "line {number}: there is a profile `{name}` already"
                ));
            }
            profiles.push(Profile {
                name: name.to_owned(),
                settings: HashMap::new(),
            });
            continue;
        }
        let (Some((key, value)), Some(profile)) = (line.split_once('='), profiles.last_mut())
        else {
            // Not shown: it may be a secret.
            return Err(format!(
                "line {number} must be `[PROFILE]`, or `KEY = VALUE` below one"
            ));
        };
        let key = key.trim().to_ascii_lowercase();
        profile.settings.insert(key, value.trim().to_owned());
    }
    Ok(profiles)
}

impl Profile {
    fn caller(&self, api: &Api, file: &Path) -> Result<Option<Caller>, String> {
        let name = &self.name;
        let get = |key: &str| self.settings.get(key).filter(|value| !value.is_empty());
        let Some(access_key_id) = get("aws_access_key_id") else {
            return Ok(None);
        };
        let secret_access_key = get("aws_secret_access_key").ok_or_else(|| {
            format!("profile `{name}` has an `aws_access_key_id`, but no `aws_secret_access_key`")
        })?;
        let arn = match get("arn") {
            Some(arn) => arn.clone(),
            None => format!("arn:{}:iam::{}:user/{name}", api.partition, api.account_id),
        };
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, "iam" | "sts", _, account_id, _] = parts[..] else {
            return Err(format!(
                "profile `{name}`: `arn` `{arn}` must be `arn:PARTITION:iam::ACCOUNT:…` or `arn:PARTITION:sts::ACCOUNT:…`"
            ));
        };
        let account_id = account_id.to_owned();
        let user_id = get("user_id").cloned().unwrap_or_else(|| {
            let key = access_key_id.get(4..).unwrap_or(access_key_id);
            format!("AIDA{key}")
        });
        let policy = get("policy")
            .map(|path| policy(name, file, path))
            .transpose()?;
        Ok(Some(Caller {
            access_key_id: access_key_id.clone(),
            secret_access_key: secret_access_key.clone(),
            session_token: get("aws_session_token").cloned(),
            account_id,
            user_id,
            arn,
            policy,
        }))
    }
}

fn policy(profile: &str, file: &Path, path: &str) -> Result<PolicyDocument, String> {
    let path: PathBuf = file.parent().unwrap_or(Path::new("")).join(path);
    let error = |problem: &dyn std::fmt::Display| {
        format!(
            "profile `{profile}`: `policy` `{}`: {problem}",
            path.display()
        )
    };
    let text = std::fs::read_to_string(&path).map_err(|cause| error(&cause))?;
    let document = serde_json::from_str(&text).map_err(|cause| error(&cause))?;
    PolicyDocument::from_json(&document).map_err(|cause| error(&cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn api() -> Api {
        Api::new("$request.body.action", "stage")
    }

    fn read_text(name: &str, text: &str) -> Result<Vec<Caller>, String> {
        let path = std::env::temp_dir().join(format!("gatespec-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let read = read(&path, &api());
        std::fs::remove_file(&path).unwrap();
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_of_aws_s_tools_is_taken_as_it_is() {
        let text = "# mine\n[default]\naws_access_key_id=AKIADEFAULT\naws_secret_access_key = a=b/c+d\nregion = eu-west-1\ns3 =\n  max_concurrent_requests = 20\n\n[sso]\nsso_session = x\n[profile role]\nAWS_ACCESS_KEY_ID = ASIAROLE\naws_secret_access_key = s\naws_session_token = t\narn = arn:aws:sts::123456789012:assumed-role/admin/me\nuser_id = AROAROLE:me\n";
        let callers = read_text("good", text).unwrap();
        let shown: Vec<_> = callers
            .iter()
            .map(|caller| {
                let token = caller.session_token.as_deref();
                let Caller {
                    access_key_id,
                    secret_access_key,
                    account_id,
                    user_id,
                    arn,
                    ..
                } = caller;
                format!(
                    "{access_key_id} {secret_access_key} {token:?} {account_id} {user_id} {arn}"
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "AKIADEFAULT a=b/c+d None 000000000000 AIDADEFAULT arn:aws:iam::000000000000:user/default",
                "ASIAROLE s Some(\"t\") 123456789012 AROAROLE:me arn:aws:sts::123456789012:assumed-role/admin/me",
            ]
        );
    }

    #[rstest]
    #[case::empty("", "no profile has an `aws_access_key_id`")]
    #[case::nowhere(
        "aws_access_key_id = a\n",
        "line 1 must be `[PROFILE]`, or `KEY = VALUE` below one"
    )]
    #[case::no_value(
        "[a]\nsecret\n",
        "line 2 must be `[PROFILE]`, or `KEY = VALUE` below one"
    )]
    #[case::open("[a\n", "line 1: `[a` must end in `]`")]
    #[case::twice("[a]\n[a]\n", "line 2: there is a profile `a` already")]
    #[case::no_secret(
        "[a]\naws_access_key_id = k\n",
        "profile `a` has an `aws_access_key_id`, but no `aws_secret_access_key`"
    )]
    #[case::same_key(
        "[a]\naws_access_key_id = k\naws_secret_access_key = s\n[b]\naws_access_key_id = k\naws_secret_access_key = s\n",
        "several profiles have the access key `k`"
    )]
    #[case::arn(
        "[a]\naws_access_key_id = k\naws_secret_access_key = s\narn = me\n",
        "profile `a`: `arn` `me` must be `arn:PARTITION:iam::ACCOUNT:…` or `arn:PARTITION:sts::ACCOUNT:…`"
    )]
    fn mistakes_are_named(#[case] text: &str, #[case] problem: &str) {
        let name = format!("bad-{}", text.len());
        let error = read_text(&name, text).unwrap_err();
        assert!(error.ends_with(&format!(": {problem}")), "{error}");
    }

    #[test]
    fn a_policy_stands_beside_the_file() {
        let folder = std::env::temp_dir().join(format!("gatespec-policy-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("credentials");
        std::fs::write(
            &file,
            "[a]\naws_access_key_id = k\naws_secret_access_key = s\npolicy = a.json\n",
        )
        .unwrap();
        let missing = read(&file, &api()).unwrap_err().to_string();
        assert!(
            missing.contains("profile `a`: `policy`") && missing.contains("a.json"),
            "{missing}"
        );
        std::fs::write(
            folder.join("a.json"),
            r#"{"Statement": {"Effect": "Allow", "Action": 1}}"#,
        )
        .unwrap();
        let wrong = read(&file, &api()).unwrap_err().to_string();
        assert!(
            wrong.ends_with("`Statement[0].Action` must be a string or a list of strings"),
            "{wrong}"
        );
        std::fs::write(folder.join("a.json"), r#"{"Statement": {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}}"#).unwrap();
        assert!(read(&file, &api()).unwrap()[0].policy.is_some());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// Profiles as they are meant: each with its settings.
    fn meant() -> impl Strategy<Value = Vec<(String, Vec<(String, String)>)>> {
        let setting = ("[a-z_]{1,12}", "[!-~]([ -~]{0,20}[!-~])?");
        let settings = proptest::collection::hash_map(setting.0, setting.1, 0..4);
        let profile = ("[A-Za-z0-9._@-]{1,10}", settings);
        proptest::collection::hash_map(profile.0, profile.1, 0..4).prop_map(|profiles| {
            let profiles = profiles.into_iter();
            profiles
                .map(|(name, settings)| (name, settings.into_iter().collect()))
                .collect()
        })
    }

    fn print(profiles: &[(String, Vec<(String, String)>)], between: &str) -> String {
        let mut text = String::new();
        for (name, settings) in profiles {
            text.push_str(&format!("{between}[{name}]\n"));
            for (key, value) in settings {
                text.push_str(&format!("{between}{key} = {value}\n"));
            }
        }
        text
    }

    proptest! {
        // What was meant is read, whatever comments and settings of others stand between.
        #[test]
        fn what_is_printed_is_read(
            meant in meant(),
            between in prop_oneof![Just(""), Just("# x\n"), Just("\n"), Just("; [y]\n")],
        ) {
            let read = profiles(&print(&meant, between)).unwrap();
            prop_assert_eq!(read.len(), meant.len());
            for (read, (name, settings)) in read.iter().zip(&meant) {
                prop_assert_eq!(&read.name, name);
                let settings: HashMap<_, _> = settings.iter().cloned().collect();
                prop_assert_eq!(&read.settings, &settings);
            }
        }

        // A character more makes no profile out of nothing, and an error names its line.
        #[test]
        fn a_changed_character_is_read_or_refused_with_its_line(
            meant in meant(),
            at: prop::sample::Index,
            character: char,
        ) {
            let mut characters: Vec<char> = print(&meant, "").chars().collect();
            let at = at.index(characters.len() + 1);
            characters.insert(at, character);
            let text: String = characters.into_iter().collect();
            match profiles(&text) {
                Ok(read) => {
                    prop_assert!(read.len() <= text.matches('[').count());
                    prop_assert!(read.iter().all(|profile| text.contains(&profile.name)));
                }
                Err(problem) => prop_assert!(problem.starts_with("line "), "{problem}"),
            }
        }
    }
}
