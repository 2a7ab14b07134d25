use super::*;
use rstest::rstest;

const EFFORT: Effort = Effort {
    cases: 1_000,
    seed: 0,
};

fn search(source: &str) -> Vec<Counterexample> {
    let template = MappingTemplate::parse(source).unwrap();
    falsify(&template, Output::Json, EFFORT, |_| {}).found
}

fn culprit<'s>(source: &'s str, found: &Counterexample) -> &'s str {
    found.culprit.clone().map_or("", |span| &source[span])
}

const NOT_JSON: Flaw = Flaw::Malformed(Language::Json);

#[test]
fn the_original_falls_to_one_character_and_to_a_forged_member() {
    let source = include_str!("../../fixtures/original-mapping-template.vtl");
    let found = search(source);
    let [not_json, forged] = &found[..] else {
        panic!("{found:#?}")
    };
    assert_eq!(not_json.flaw, NOT_JSON);
    let value = not_json.input.values.values().next();
    assert_eq!(
        not_json.input.body.len() + value.map_or(0, String::len),
        value.map_or(1, |_| 3),
        "{not_json:#?}"
    );
    assert_eq!(forged.flaw, Flaw::Forged);
    assert_eq!(forged.input.values.len(), 1, "{forged:#?}");
    let breakout = |value: &String| value.starts_with("\",\"") && value.ends_with("\":\"");
    assert!(forged.input.values.values().all(breakout), "{forged:#?}");
    assert!(culprit(source, forged).starts_with("$context.authorizer."));
}

#[rstest]
#[case(r##"{"id":"$input.path('$.id')"}"##, NOT_JSON, r##"{"id":"\""}"##)]
#[case(r##"{"id":$input.path('$.id')}"##, NOT_JSON, "{}")]
#[case(
    r##"{"a":"$input.path('$.a.b[0]')"}"##,
    NOT_JSON,
    r##"{"a":{"b":["\""]}}"##
)]
#[case(
    r##"{"a":"$util.escapeJavaScript($input.path('$.a'))"}"##,
    NOT_JSON,
    r##"{"a":"'"}"##
)]
#[case(r##"{"b":"$util.escapeJavaScript($input.body)"}"##, NOT_JSON, "'")]
#[case(
    r##"#set($r = $input.path('$'))[#foreach($i in $r.l)"$i.n"#if($foreach.hasNext),#end#end]"##,
    NOT_JSON,
    r##"{"l":[{"n":"\""}]}"##
)]
#[case(
    r##"{"first": "$input.body.substring(0, 3).length()"}"##,
    Flaw::RenderError,
    "{}"
)]
#[case(
    r##"{"input":"{\"a\":\"$util.escapeJavaScript($input.path('$.a')).replaceAll("\\'","'")\"}"}"##,
    Flaw::MalformedInside,
    r##"{"a":"\""}"##
)]
fn the_counterexample_is_the_smallest(
    #[case] source: &str,
    #[case] flaw: Flaw,
    #[case] body: &str,
) {
    for seed in [0, 1, 2] {
        let template = MappingTemplate::parse(source).unwrap();
        let effort = Effort { cases: 500, seed };
        let found = falsify(&template, Output::Json, effort, |_| {}).found;
        let found = found.iter().find(|found| found.flaw == flaw);
        let found = found.unwrap_or_else(|| panic!("{source}: nothing"));
        assert_eq!(found.input.body, body, "{source}: {found:#?}");
        assert_eq!(found.input.values, BTreeMap::new());
    }
}

#[test]
fn a_bare_quote_falls_within_few_inputs() {
    let template = MappingTemplate::parse(r##"{"id":"$input.path('$.id')"}"##).unwrap();
    let effort = Effort {
        cases: 100,
        seed: 7,
    };
    let found = falsify(&template, Output::Json, effort, |_| {}).found;
    let flaws: Vec<Flaw> = found.iter().map(|found| found.flaw).collect();
    assert_eq!(flaws, [NOT_JSON, Flaw::Forged]);
}

#[test]
fn the_same_seed_finds_the_same() {
    let template = MappingTemplate::parse("{\"a\": $input.path('$.a')}").unwrap();
    let once = || falsify(&template, Output::Json, EFFORT, |_| {});
    assert_eq!(once(), once());
}

#[test]
fn coverage_says_what_was_tried_where() {
    let source = r##"{"a": $input.json('$.a'), "b": "$context.authorizer.x"}"##;
    let template = MappingTemplate::parse(source).unwrap();
    let mut told = Vec::new();
    let search = falsify(&template, Output::Json, EFFORT, |done| told.push(done));
    assert_eq!((search.tried, &told[..]), (1_000, &[256, 512, 768][..]));
    assert_eq!(
        search.coverage.to_string(),
        "$.a as text, number, boolean, list, map, null, missing; \
         $context.authorizer.x as text, missing"
    );
    let nothing = MappingTemplate::parse("{}").unwrap();
    let search = falsify(&nothing, Output::Json, EFFORT, |_| {});
    assert_eq!(
        search.coverage.to_string(),
        "it reads nothing that others control"
    );
}

#[test]
fn a_sound_template_stands() {
    let source = r##"{"token": "$util.escapeJavaScript($context.authorizer.token).replaceAll("\\'","'")", "body": "$util.escapeJavaScript($input.body).replaceAll("\\'","'")"}"##;
    assert_eq!(search(source), []);
}

#[rstest]
#[case(r##"{"admin": #if($context.authorizer.role == "admin")true#{else}false#end}"##)]
#[case(r##"{"n": $input.body.length()}"##)]
#[case(r##"{"has": $input.body.contains('"')}"##)]
#[case(r##"[#foreach($p in $input.body.split("&"))"$util.base64Encode($p)"#if($foreach.hasNext),#end#end]"##)]
fn what_a_value_decides_may_change_anything(#[case] source: &str) {
    assert_eq!(search(source), [], "{source}");
}

#[test]
fn a_message_that_loses_something_is_found() {
    let trimmed =
        r##"{"body": "$util.escapeJavaScript($input.body.trim()).replaceAll("\\'","'")"}"##;
    let found = search(trimmed);
    let flaws: Vec<Flaw> = found.iter().map(|found| found.flaw).collect();
    assert_eq!(flaws, [Flaw::Altered]);
}

/// Nothing can be cut from a counterexample.
#[test]
fn no_character_can_go() {
    let source = r##"{"a": "$context.authorizer.a", "b": "$input.path('$.b')", "c": 1}"##;
    let subject = Subject::new(MappingTemplate::parse(source).unwrap(), Output::Json);
    for found in search(source) {
        let symptom = subject.symptom(found.flaw, &found.input).unwrap();
        let holds = |input: &Input| {
            let smaller = subject.symptom(found.flaw, input);
            smaller.is_some_and(|smaller| smaller.rank <= symptom.rank)
        };
        let shorter = |text: &str| -> Vec<String> {
            let ends = text.char_indices();
            let cut = |(at, char): (usize, char)| {
                format!("{}{}", &text[..at], &text[at + char.len_utf8()..])
            };
            ends.map(cut).collect()
        };
        if found.input.body != "{}" {
            for body in shorter(&found.input.body) {
                let other = Input {
                    body,
                    ..found.input.clone()
                };
                assert!(!holds(&other), "{found:#?} {other:#?}");
            }
        }
        for (place, text) in &found.input.values {
            for text in shorter(text) {
                let mut other = found.input.clone();
                other.values.insert(place.clone(), text);
                assert!(!holds(&other), "{found:#?} {other:#?}");
            }
        }
    }
}
