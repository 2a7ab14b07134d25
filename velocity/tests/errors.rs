//! Every kind of error as an author sees it: a page each in `snapshots/template/`.

use insta::{Settings, assert_snapshot};
use rstest::rstest;
use velocity::{Context, Options, Template};

/// Bounds small enough to be reached by a short template.
fn options() -> Options {
    Options {
        depth: 12,
        steps: 1000,
        output_bytes: 200,
        memory_bytes: 10_000,
        ..Options::default()
    }
}

fn page(name: &str, source: &str, error: &str) {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/template");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_description(source);
    settings.set_omit_expression(true);
    settings.bind(|| assert_snapshot!(format!("error-{name}"), error));
}

#[rstest]
#[case("ends-in-dollar", "costs 5 $")]
#[case("ends-in-hash", "number #")]
#[case("lexical-unclosed-string", "$a.b(\"c)")]
#[case("lexical-computed-argument", "{\n  \"n\": $a.get($b + 1)\n}")]
#[case("unexpected-end", "text #end")]
#[case("unexpected-word", "#if(name == 'x')yes#end")]
#[case("unclosed", "#foreach($x in $list)\n  $x\n")]
#[case("arguments", "#foreach($x of list)$x#end")]
#[case("regex", "$a.replaceAll('(?m)^x', '')")]
#[case("depth", "#set($a = ((((((((((((1)))))))))))))")]
fn parsing(#[case] name: &str, #[case] source: &str) {
    let error = Template::parse(source, &options()).unwrap_err();
    page(name, source, &error.with_source("template.vtl", source));
}

#[rstest]
#[case("method", "#set($a = 'abc')\n$a.substring(2, 9)")]
#[case("unsupported", "#set($a = 'abc')$a.chars()")]
#[case("directive", "#parse('other.vm')")]
#[case("evaluate", "#evaluate('#if(')")]
#[case(
    "bound-steps",
    "#set($l = [1..40])#foreach($i in $l)#foreach($j in $l)#end#end"
)]
#[case("bound-output", "#foreach($i in [1..90])text #end")]
#[case(
    "bound-memory",
    "#set($a = 'xxxxxxxxxx')#foreach($i in [1..40])#set($a = $a + $a)#end"
)]
fn rendering(#[case] name: &str, #[case] source: &str) {
    let template = Template::parse(source, &options()).unwrap();
    let mut out = String::from("before");
    let error = template
        .render_into(&mut Context::new(), &mut out)
        .unwrap_err();
    assert_eq!(out, "before", "on an error the buffer is as it was");
    page(name, source, &error.with_source("template.vtl", source));
}

// Text has no place of its own: the loop around it is named.
#[test]
fn a_bound_that_text_reaches_has_a_place() {
    let source = "first\n  #foreach($i in [1..90])text #end";
    let template = Template::parse(source, &options()).unwrap();
    let error = template.render(&mut Context::new()).unwrap_err();
    assert_eq!((error.line(), error.column()), (2, 3));
}

// What a method looks at counts, too: few calls on a long text are much work.
#[test]
fn a_long_text_counts_for_each_method() {
    let long = "x".repeat(100_000);
    let rounds = |rounds: usize| {
        let source = format!("#foreach($i in [1..{rounds}])$text.contains('y')#end");
        let template = Template::parse(&source, &options()).unwrap();
        let mut context = Context::new();
        context.insert("text", velocity::Value::from(long.as_str()));
        template.render(&mut context)
    };
    assert_eq!(rounds(2).unwrap(), "falsefalse");
    let error = rounds(3).unwrap_err();
    assert!(error.message().contains("more than 1000 steps"), "{error}");
}

/// Deep nesting is an error, never a stack overflow; a test's thread has two megabytes of stack.
#[rstest]
#[case("#if(true)", "#end")]
#[case("#foreach($i in [1])", "#end")]
#[case("#set($a = ", ")")]
#[case("(", ")")]
#[case("[", "]")]
#[case("{1:", "}")]
#[case("$a.b(", ")")]
#[case("!", "")]
#[case("$a[", "]")]
fn nesting_is_bounded(#[case] open: &str, #[case] close: &str) {
    for depth in [50, 90, 200, 20_000] {
        let inner = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        for source in [inner.clone(), format!("#set($x = {inner})")] {
            if let Ok(template) = Template::parse(&source, &Options::default()) {
                let _ = template.render(&mut Context::new());
            }
        }
    }
}
