//! Reading YAML: tags, spans, merged maps, aliases.

use super::*;

#[test]
fn tags_and_spans_are_kept() {
    let text = "é: !Ref Añb\nlist:\n  - !Sub 'x${A}'\n  - !GetAtt [A, Arn]\n";
    let root = parse(&Source::new("t", text)).unwrap();
    let reference = root.get("é").unwrap();
    assert_eq!(reference.tag.as_deref(), Some("Ref"));
    assert!(
        text[reference.span.clone()].ends_with("Añb"),
        "{:?}",
        &text[reference.span.clone()]
    );
    let Content::Sequence(items) = &root.get("list").unwrap().content else {
        panic!("a list");
    };
    assert_eq!(items[0].tag.as_deref(), Some("Sub"));
    assert_eq!(items[1].tag.as_deref(), Some("GetAtt"));
}

#[test]
fn nulls_are_not_texts() {
    let root = parse(&Source::new("t", "a:\nb: ~\nc: ''\nd: null\ne: 'null'\n")).unwrap();
    let nulls: Vec<bool> = root
        .entries()
        .iter()
        .map(|(_, node)| node.is_null())
        .collect();
    assert_eq!(nulls, [true, true, false, true, false]);
}

#[test]
fn maps_are_merged_under_a_map_s_own_entries() {
    let text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\n\
                c: {<<: [*a, *b], x: 0}\nd:\n  <<: *b\n  w: on\ne: {'<<': 1}\n";
    let root = parse(&Source::new("t", text)).expect("it is YAML");
    let entries = |name: &str| {
        let entries = root.get(name).expect("it is there").entries().iter();
        let text = |node: &Node| node.plain_text().map(str::to_owned);
        let both = entries.map(|(key, node)| format!("{}{}", key.text, text(node).unwrap()));
        both.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(entries("c"), "x0 y1 z2");
    assert_eq!(entries("d"), "wtrue y2 z2");
    assert_eq!(entries("e"), "<<1");
    let error = parse(&Source::new("t", "a: {<<: 1}")).expect_err("it is no map");
    assert!(error.message().contains("merges a map"), "{error}");
}

#[test]
fn keys_tags_and_quotes_keep_their_text() {
    let text = "{No: no, a: 'no', b: !Ref No, c: !!str no, d: 0755}";
    let root = parse(&Source::new("t", text)).expect("it is YAML");
    let texts = root.entries().iter().map(|(key, node)| {
        let Content::Scalar { text, .. } = &node.content else {
            panic!("a scalar");
        };
        format!("{}={text}", key.text)
    });
    let texts = texts.collect::<Vec<_>>().join(" ");
    assert_eq!(texts, "No=false a=no b=No c=no d=493");
}

#[test]
fn aliases_copy_and_do_not_explode() {
    let root = parse(&Source::new("t", "a: &x [1, 2]\nb: *x\n")).unwrap();
    assert!(
        matches!(&root.get("b").unwrap().content, Content::Sequence(items) if items.len() == 2)
    );
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let below = format!("*a{}", level - 1);
        laughs += &format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", "));
    }
    assert!(
        parse(&Source::new("t", &laughs))
            .unwrap_err()
            .message()
            .contains("too large")
    );
    let deep = "[".repeat(5_000);
    assert!(parse(&Source::new("t", &deep)).is_err());
}

#[test]
fn what_refers_to_a_key_is_written_as_the_key_is() {
    let text = "{Condition: Yes, DependsOn: [On, Off], a: !If [Yes, no, 0x1], b: {Fn::If: [No, off, n]},
      c: !FindInMap [M, Off, 010], d: {Ref: No}, e: {Fn::GetAtt: [Y, On]}, f: {Fn::Join: [yes, [no]]}}";
    let root = parse(&Source::new("t", text)).expect("it is YAML");
    fn texts(node: &Node) -> String {
        match &node.content {
            Content::Scalar { text, .. } => format!("{text} "),
            Content::Sequence(items) => items.iter().map(texts).collect(),
            Content::Mapping(entries) => entries.iter().map(|(_, node)| texts(node)).collect(),
        }
    }
    let written = [
        "Yes On Off",
        "Yes false 1",
        "No false n",
        "M Off 010",
        "No",
        "Y On",
    ];
    assert_eq!(texts(&root), format!("{} true false ", written.join(" ")));
}
