use super::*;
use crate::falsify::shape::spelled;
use rstest::rstest;

fn reads(source: &str) -> Vec<String> {
    let reads = Reads::of(&MappingTemplate::parse(source).unwrap());
    let body = reads.body.points();
    let mut found: Vec<String> = body.iter().map(|(path, _)| spelled(path)).collect();
    for (place, shape) in &reads.places {
        for (path, _) in shape.points() {
            found.push(format!("{place}{}", spelled(&path).trim_start_matches('$')));
        }
    }
    found
}

#[rstest]
#[case("$input.path('$.a.b')", &["$.a.b"])]
#[case(r#"$input.path("$.a.b")"#, &["$.a.b"])]
#[case(r#"$input.path("$.a").get("b")"#, &["$.a.b"])]
#[case("$util.escapeJavaScript($input.path('$').a)", &["$.a"])]
#[case("#set($r = $input.path('$'))$r.a[0].b", &["$", "$.a[*].b"])]
#[case("#set($r = $input.path('$'))$r.get('a').get(1)", &["$", "$.a[*]"])]
#[case("#foreach($i in $input.path('$.l'))$i.n#end", &["$.l", "$.l[*]", "$.l[*].n"])]
#[case("#foreach($e in $input.path('$').entrySet())$e.value#end", &["$", "$[*]"])]
#[case("#if($input.json('$.a') == 'x')1#end", &["$.a"])]
#[case("$util.parseJson($input.body).a", &["$", "$.a"])]
#[case("$util.parseJson($input.path('$.t')).a", &["$.t", "$.t (parsed).a"])]
#[case("$input.params('X')", &["$input.params().header.get('X')"])]
#[case("$input.params().querystring.q", &["$input.params().querystring.get('q')"])]
#[case(
    "#set($h = $input.params().header)#foreach($k in $h.keySet())$h.get($k)#end",
    &["$input.params().header.get('any')"]
)]
#[case("$context.authorizer.claims['sub']", &["$context.authorizer.claims.sub"])]
#[case("$context.authorizer.get('role').toString()", &["$context.authorizer.role"])]
#[case("$context.identity.userAgent $stageVariables.t", &["$stageVariables.t", "$context.identity.userAgent"])]
#[case("$context.connectionId $x", &[])]
#[case("#set($x = $input.path('$.a'))#set($x = $x.next)$x", &["$.a", "$.a.next"])]
fn what_is_read(#[case] source: &str, #[case] expected: &[&str]) {
    let found = reads(source);
    for path in expected {
        assert!(found.iter().any(|found| found == path), "{path}: {found:?}");
    }
    if expected.is_empty() {
        assert_eq!(found, Vec::<String>::new());
    }
}
