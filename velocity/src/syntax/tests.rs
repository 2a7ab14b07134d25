use super::Argument;
use crate::{Options, Template};

fn references(source: &str) -> Vec<String> {
    let template = Template::parse(source, &Options::default()).unwrap();
    template
        .references()
        .into_iter()
        .map(|reference| source[reference.span].to_owned())
        .collect()
}

// Velocity parses a string with a space behind it, which is no part of it.
#[test]
fn strings_are_what_they_evaluate_to() {
    for (source, expected) in [
        (r#"$x.f("$.a")"#, Argument::Text("$.a".to_owned())),
        (r#"$x.f("$.a ")"#, Argument::Text("$.a ".to_owned())),
        (r#"$x.f("a")"#, Argument::Text("a".to_owned())),
    ] {
        let template = Template::parse(source, &Options::default()).unwrap();
        let references = template.references();
        let arguments = references[0].steps[0].arguments.as_deref();
        assert_eq!(arguments, Some(&[expected][..]), "{source}");
    }
}

#[test]
fn every_reference_is_found_with_its_bytes() {
    assert_eq!(references("a $b.c d"), ["$b.c"]);
    assert_eq!(
        references(r#"é $u.f($x, "s $y.z").g([$w])"#),
        [r#"$u.f($x, "s $y.z").g([$w])"#, "$x", "$y.z", "$w"]
    );
    assert_eq!(
        references("#set($a = $b + 1)#if(!$c && $d == 'x')$e#else${f}#end"),
        ["$a", "$b", "$c", "$d", "$e", "${f}"]
    );
    assert_eq!(
        references("#foreach($i in $list)$i $!j#end"),
        ["$list", "$i", "$!j"]
    );
}
