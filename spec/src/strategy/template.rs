//! Mapping templates, good ones and bad ones, of the pieces that authors write.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// What a linter may let through in a string, and what it may not.
const IN_STRING: [&str; 34] = [
    "$context.connectionId",
    "${context.stage}",
    "$!context.requestTime",
    "$context.requestTimeEpoch",
    "$context.isBase64Encoded",
    "$context.messageId-x",
    "$context.identity.sourceIp",
    "$context.identity.userAgent",
    "$context.domainName",
    "$context.authorizer.token",
    "$context.authorizer",
    "$context.error.messageString",
    "$stageVariables.name",
    "$input.params('token')",
    "$input.params().header.get('token')",
    "$input.body",
    "$input.path('$.message')",
    "$input.json('$.message')",
    "$util.escapeJavaScript($input.body)",
    "$util.escapeJavaScript($input.body).replaceAll(\"\\\\'\",\"'\")",
    "$util.escapeJavaScript($context.authorizer.token).replaceAll(\"\\\\'\",\"'\")",
    "$util.escapeJavaScript($input.params('token')).replace(\"\\'\",\"'\")",
    "$util.escapeJavaScript($input.body).replaceAll(\"\\\\'\",\"'\").replaceAll(\"\\\\'\",\"'\")",
    "$util.escapeJavaScript($util.escapeJavaScript($input.body)).replaceAll(\"\\\\'\",\"'\")",
    "$util.escapeJavaScript($context.connectionId)",
    "$util.base64Encode($input.body)",
    "$util.urlEncode($context.authorizer.token)",
    "$util.parseJson($input.body).message",
    "$x",
    "$y.replaceAll(\"\\\\'\",\"'\")",
    "$item",
    "\\$x",
    "\\u00e9\\\\",
    "it's 日本",
];
const AS_VALUE: [&str; 14] = [
    "$input.json('$')",
    "$input.json('$.message')",
    "$input.json('$..message')",
    "$input.json('$.message.length()')",
    "$input.path('$.message')",
    "$input.body",
    "$context.requestTimeEpoch",
    "$context.connectionId",
    "$util.escapeJavaScript($context.requestTimeEpoch)",
    "$x",
    "true",
    "-1.5e3",
    "null",
    "$input.path('$.message').size()",
];
const SET_TO: [&str; 14] = [
    "'a'",
    "'\"'",
    "1",
    "\"$context.authorizer.token\"",
    "$input.body",
    "$util.escapeJavaScript($input.body)",
    "$util.escapeJavaScript($input.body).replaceAll(\"\\\\'\",\"'\")",
    "\"a $util.escapeJavaScript($input.body) b\"",
    "$input.json('$')",
    "$context.requestTimeEpoch + 1",
    "$context.requestTimeEpoch",
    "$input.path('$.message')",
    "[1, 2]",
    "$undefined",
];
const CONDITION: [&str; 7] = [
    "$input.path('$.message') == 'a'",
    "$context.authorizer.token == 'hello'",
    "$undefined",
    "!$x",
    "$input.path('$.message')",
    "$input.body.contains('a')",
    "false || $x == $y",
];

/// A mapping template: mostly an object with members, seldom something else, seldom broken.
pub fn mapping_template() -> impl Strategy<Value = String> {
    let wild = vec(prop_oneof![piece(), text()], 0..8).prop_map(|pieces| pieces.concat());
    prop_oneof![
        8 => (set(), members(), 0..40_u8).prop_map(|(set, members, hole)| {
            let end = if hole == 0 { "" } else { "}" };
            format!("{set}{{{members}{end}")
        }),
        1 => value(),
        1 => wild,
    ]
}

fn members() -> impl Strategy<Value = String> {
    vec((0..4_u8, value()), 0..4).prop_map(|members| {
        let members: Vec<String> = members
            .into_iter()
            .map(|(key, value)| format!("\"k{key}\": {value}"))
            .collect();
        members.join(", ")
    })
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => string(),
        1 => select(AS_VALUE.to_vec()).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))),
            (select(CONDITION.to_vec()), inner.clone(), inner.clone())
                .prop_map(|(condition, yes, no)| format!("#if({condition}){yes}#else{no}#end")),
            (select(CONDITION.to_vec()), inner.clone())
                .prop_map(|(condition, yes)| format!("{yes}#if({condition}), {yes}#end")),
            inner.clone().prop_map(|inner| {
                format!(
                    "[#foreach($item in $input.path('$.message')){inner}\
                     #if($foreach.hasNext),#end#end]"
                )
            }),
            (set(), inner).prop_map(|(set, inner)| format!("{set}{inner}")),
        ]
    })
}

/// A JSON string with something in it.
fn string() -> impl Strategy<Value = String> {
    vec(
        prop_oneof![4 => piece(), 1 => text(), 1 => controlled()],
        0..3,
    )
    .prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn piece() -> impl Strategy<Value = String> {
    // The cured forms often, so that many templates are good.
    prop_oneof![
        1 => select(IN_STRING.to_vec()).prop_map(str::to_owned),
        1 => select(IN_STRING[19..22].to_vec()).prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = String> {
    "[a-z \\[\\]{},:'.é-]{0,6}"
}

/// Directives in a string.
fn controlled() -> impl Strategy<Value = String> {
    prop_oneof![
        (select(CONDITION.to_vec()), piece())
            .prop_map(|(condition, piece)| format!("#if({condition}){piece}#end")),
        piece().prop_map(|piece| format!("#foreach($item in $input.path('$.message')){piece}#end")),
        set(),
        Just("#define($x)\"#end".to_owned()),
        Just("#stop".to_owned()),
        Just("## a comment\n".to_owned()),
    ]
}

fn set() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        3 => (select(vec!["x", "y", "item", "context", "x.a"]), select(SET_TO.to_vec()))
            .prop_map(|(name, value)| format!("#set(${name} = {value})")),
    ]
}
