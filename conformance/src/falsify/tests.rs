use super::*;

const EFFORT: Effort = Effort {
    cases: 1_000,
    seed: 0,
};

fn search(source: &str) -> Vec<Counterexample> {
    falsify(&MappingTemplate::parse(source).unwrap(), EFFORT)
}

fn culprit<'s>(source: &'s str, found: &Counterexample) -> &'s str {
    found.culprit.clone().map_or("", |span| &source[span])
}

#[test]
fn the_original_falls_to_one_character_and_to_a_forged_member() {
    let source = include_str!("../../fixtures/original-mapping-template.vtl");
    let found = search(source);
    let [not_json, forged] = &found[..] else {
        panic!("{found:#?}")
    };
    assert_eq!((not_json.flaw, &*not_json.input.body), (Flaw::NotJson, "'"));
    assert_eq!(
        culprit(source, not_json),
        "$util.escapeJavaScript($input.body)"
    );
    assert_eq!(forged.flaw, Flaw::Forged);
    let token = &forged.input.values[&Place::Authorizer("token".to_owned())];
    let principal = &forged.input.values[&Place::Authorizer("principalId".to_owned())];
    let breakout = |value: &str| value.starts_with("\",\"") && value.ends_with("\":\"");
    assert!(breakout(token) != breakout(principal), "{forged:#?}");
    assert!(culprit(source, forged).starts_with("$context.authorizer."));
}

#[test]
fn a_sound_template_stands() {
    let source = r#"{"token": "$util.escapeJavaScript($context.authorizer.token).replaceAll("\\'","'")", "body": "$util.escapeJavaScript($input.body).replaceAll("\\'","'")", "n": $input.json('$')}"#;
    // `$input.json` of a message that is not JSON is another matter: it is the one flaw here.
    let found = search(source);
    assert!(
        found
            .iter()
            .all(|found| culprit(source, found) == "$input.json('$')"),
        "{found:#?}"
    );
    assert_eq!(
        search(&source.replace(r#", "n": $input.json('$')"#, "")),
        []
    );
}

#[test]
fn what_a_directive_looks_at_may_change_anything() {
    let source = r#"{"admin": #if($context.authorizer.role == "admin")true#{else}false#end}"#;
    assert_eq!(search(source), []);
}

#[test]
fn a_message_that_loses_something_is_found() {
    let source = r#"{"body": "$util.escapeJavaScript($input.body.replaceAll("a", "b")).replaceAll("\\'","'")"}"#;
    let found = search(source);
    // The harmless message has an `a` too, so there is no place where it stands as it is.
    assert_eq!(found, []);
    let trimmed = r#"{"body": "$util.escapeJavaScript($input.body.trim()).replaceAll("\\'","'")"}"#;
    let found = search(trimmed);
    assert_eq!(
        found.iter().map(|found| found.flaw).collect::<Vec<_>>(),
        [Flaw::Altered]
    );
}

#[test]
fn an_index_out_of_range_is_found() {
    let source = r#"{"first": "$input.body.substring(0, 3).length()"}"#;
    let found = search(source);
    assert_eq!(found[0].flaw, Flaw::RenderError);
    assert!(found[0].input.body.chars().count() < 3);
}
