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
    assert_eq!(told, [256, 512, 768]);
    assert!((500..=1_000).contains(&search.tried), "{}", search.tried);
    assert_eq!(
        search.coverage.to_string(),
        "$.a as text, number, boolean, list, map, null, missing; \
         $context.authorizer.x as text, missing"
    );
    let source = r##"{"a": $input.json('$.a'), "b": $input.json('$.b')}"##;
    assert_eq!(
        coverage(source).to_string(),
        "$.a, $.b as text, number, boolean, list, map, null, missing"
    );
    assert_eq!(
        coverage("{}").to_string(),
        "it reads nothing that others control"
    );
}

fn coverage(source: &str) -> Coverage {
    let template = MappingTemplate::parse(source).unwrap();
    falsify(&template, Output::Json, EFFORT, |_| {}).coverage
}

#[rstest]
#[case("{#if($input.path('$.kind') == 'crown')\"a\": $input.json('$.a')#end}", &[])]
#[case("{\"a\": 1#if(1 == 2), \"b\": $input.json('$.b')#end}", &["$input.json('$.b')"])]
#[case("#foreach($i in $input.path('$.l'))$i.a.b#end$input.body", &[])]
fn references_that_no_input_reached_are_told(#[case] source: &str, #[case] missing: &[&str]) {
    let unreached = coverage(source).unreached;
    let unreached: Vec<&str> = unreached.into_iter().map(|span| &source[span]).collect();
    assert_eq!(unreached, missing);
}

#[test]
fn messages_are_plain_texts_empty_and_half_characters_too() {
    let source = r##"{"a": $input.json('$.a'), "all": $input.json('$')}"##;
    let template = MappingTemplate::parse(source).unwrap();
    let subject = Subject::new(template, Output::Json);
    let inputs = Generator::new(&subject.reads, Output::Json, Vec::new(), 0).first();
    let with = |body: &str| inputs.iter().any(|input| input.body == body);
    for body in ["", "a", "\"", "&", "null", "{}", r#"{"a":"\ud83d"}"#] {
        assert!(with(body), "{body}");
    }
    let kinds = &coverage(source).tried["$"];
    assert!(kinds.contains(&Kind::PlainText) && kinds.contains(&Kind::Missing));
    // Half a character is JSON, and passes on its way.
    assert_eq!(search(source), []);
    let escaped = r##"{"a": "$util.escapeJavaScript($input.path('$.a')).replaceAll("\\'","'")"}"##;
    assert_eq!(search(escaped), []);
}

#[rstest]
#[case("{\"a\": 1")]
#[case(" {a")]
#[case("[")]
fn a_message_that_is_refused_is_no_flaw(#[case] body: &str) {
    let source = r##"{"a": $input.json('$.a')}"##;
    let template = MappingTemplate::parse(source).unwrap();
    let subject = Subject::new(template, Output::Json);
    assert_eq!(subject.judge(&Input::of(body), Twins::Compare), []);
}

#[test]
fn what_breaks_the_output_is_no_cure() {
    let source = r##"{"n": $input.path('$.t').length(), "a": "$input.path('$.a')"}"##;
    let found = search(source);
    let forged = found
        .iter()
        .find(|found| found.flaw == Flaw::Forged)
        .unwrap();
    assert_eq!(culprit(source, forged), "$input.path('$.a')");
}

#[rstest]
// Of two that fail together, the first.
#[case(
    "{\"a\": $input.path('$.a'), \"b\": $input.path('$.b')}",
    "$input.path('$.a')"
)]
// `0` in the place of a number is harmless, `x` is not.
#[case("{\"a\": #set($n = $input.path('$.n') + 1)$n}", "$n")]
#[case(
    "{\"c\": $context.requestTimeEpoch, \"a\": \"$input.path('$.a')\"}",
    "$input.path('$.a')"
)]
fn the_culprit_is_what_lets_it_through(#[case] source: &str, #[case] expected: &str) {
    let found = search(source);
    let found = found.iter().find(|found| found.flaw == NOT_JSON).unwrap();
    assert_eq!(culprit(source, found), expected, "{found:#?}");
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

/// Nothing can be cut from a counterexample: no character, no member, no value.
#[rstest]
#[case(r##"{"a": "$context.authorizer.a", "b": "$input.path('$.b')", "c": 1}"##)]
#[case(r##"{"a": "$input.path('$.a')", "n": $input.path('$.t').length()}"##)]
#[case(r##"#set($m = $util.parseJson($input.path('$.t'))){"a": "$m.a", "l": "$m.l.get(1)"}"##)]
#[case(r##"{#foreach($k in $input.params().querystring.keySet())"$k": 1#if($foreach.hasNext),#end#end}"##)]
fn nothing_can_be_cut(#[case] source: &str) {
    let subject = Subject::new(MappingTemplate::parse(source).unwrap(), Output::Json);
    let found = search(source);
    assert!(!found.is_empty());
    for found in found {
        let symptom = subject.symptom(found.flaw, &found.input).unwrap();
        for other in smaller(&found.input) {
            let shown = subject.symptom(found.flaw, &other);
            let holds = shown.is_some_and(|shown| shown.rank <= symptom.rank);
            assert!(!holds, "{found:#?}\n{other:#?}");
        }
    }
}

/// The input with one character less, or without one value or member.
fn smaller(input: &Input) -> Vec<Input> {
    let shorter = |text: &str| -> Vec<String> {
        let cut =
            |(at, char): (usize, char)| format!("{}{}", &text[..at], &text[at + char.len_utf8()..]);
        text.char_indices().map(cut).collect()
    };
    let mut all = Vec::new();
    if input.body != "{}" {
        let mut bodies = shorter(&input.body);
        bodies.push("{}".to_owned());
        if let Ok(Value::Object(members)) = serde_json::from_str(&input.body) {
            for name in members.keys() {
                let mut rest = members.clone();
                rest.remove(name);
                bodies.push(Value::Object(rest).to_string());
            }
        }
        all.extend(bodies.into_iter().map(|body| Input {
            body,
            ..input.clone()
        }));
    }
    for (place, text) in &input.values {
        let mut without = input.clone();
        without.values.remove(place);
        for text in shorter(text) {
            let mut other = without.clone();
            other.values.insert(place.clone(), text);
            all.push(other);
        }
        all.push(without);
    }
    all
}
