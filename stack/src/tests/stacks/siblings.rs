//! The stacks of a CDK app, and the values that they have of each other.

use super::*;

#[rstest]
#[case::output("Fn::GetStackOutput: {StackName: data, OutputName: Name, Region: !Ref AWS::Region}")]
#[case::export("Fn::ImportValue: data:Name")]
#[case::export_with_a_function("Fn::ImportValue: !Sub 'data:${N}'")]
#[case::tag("!GetStackOutput {StackName: data, OutputName: Name}")]
fn a_stack_has_what_another_one_of_its_app_gives(#[case] value: &str) {
    let value = match value.starts_with('!') {
        true => value.to_owned(),
        false => format!("{{{value}}}"),
    };
    let chat = format!(
        "Parameters: {{N: {{Type: String, Default: Name}}}}\n{}",
        chat(&function("F", &value), "")
    );
    let data = format!(
        "
Resources:{TABLE}
Outputs:
  Name: {{Value: !Ref Rows, Export: {{Name: !Sub '${{AWS::StackName}}:Name'}}}}
"
    );
    let other = format!("Resources:{TABLE}{}", function("Other", "x"));
    let folder = Folder::new(&[
        ("chat.yaml", &*chat),
        ("data.json", &*data),
        ("other.yaml", &*other),
    ]);
    let app = ["other.yaml", "chat.yaml", "data.json"];
    let stack = folder.read("chat.yaml", &app).expect("it can be served");
    assert_eq!(variable(&stack, "F"), "data-Rows");
    // The table is there, and what does not hang together with the stack is not.
    assert_eq!(stack.tables().len(), 1);
    assert_eq!(stack.tables()[0].logical_id, "data/Rows");
    assert_eq!(names(&stack), [("F", "chat-F")]);
    // The third was read: it may hang together with the stack once it is another one.
    let inputs = ["chat.yaml", "data.json", "other.yaml"];
    assert_eq!(stack.inputs(), inputs.map(|name| folder.path(name)));
}

// Functions, layers, permissions and event source mappings are where the app has them.
#[test]
fn what_a_stack_serves_may_be_in_its_siblings() {
    let chat = chat(
        &route("talk", &uri("!ImportValue worker")),
        "Outputs: {Api: {Value: !Ref Api, Export: {Name: api}}}",
    );
    let worker = format!(
        "
Resources:{}
      Layers: [!ImportValue layer]
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      FunctionName: !Ref F
Outputs:
  Arn: {{Value: !GetAtt F.Arn, Export: {{Name: worker}}}}
",
        function("F", "!ImportValue name")
    );
    let data = format!(
        "
Resources:{TABLE}
  Layer: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: layer/}}}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: arn:aws:lambda:us-east-1:000000000000:function:worker-F
      EventSourceArn: !GetAtt Rows.StreamArn
      StartingPosition: LATEST
Outputs:
  Name: {{Value: !Ref Rows, Export: {{Name: name}}}}
  Layer: {{Value: !Ref Layer, Export: {{Name: layer}}}}
"
    );
    let folder = Folder::new(&[
        ("chat.yaml", &*chat),
        ("worker.yaml", &*worker),
        ("data.yaml", &*data),
    ]);
    let app = ["data.yaml", "worker.yaml", "chat.yaml"];
    let stack = folder.read("chat.yaml", &app).expect("it can be served");
    assert!(stack.warnings().is_empty(), "{:?}", stack.warnings());
    let [function] = stack.functions() else {
        panic!("{:?}", names(&stack))
    };
    assert_eq!(function.logical_id, "worker/F");
    assert!(function.is_called);
    assert_eq!(function.layers[0].content, folder.path("layer/"));
    assert_eq!(function.environment["V"], "data-Rows");
    assert_eq!(stack.event_source_mappings()[0].logical_id, "data/Mapping");
}

#[test]
fn what_the_cdk_carries_between_regions_is_what_its_stack_says() {
    let chat = chat(
        &[
            &*function("F", "!GetAtt [Reader, /cdk/exports/chat/tokyoRows]"),
            "
  Reader:
    Type: Custom::CrossRegionExportReader
    Properties:
      ServiceToken: x
      ReaderProps: {imports: {/cdk/exports/chat/tokyoRows: '{{resolve:ssm:x}}'}}
",
        ]
        .concat(),
        "",
    );
    let tokyo = format!(
        "
Resources:{TABLE}
  Writer:
    Type: Custom::CrossRegionExportWriter
    Properties:
      WriterProps:
        region: us-east-1
        exports: {{/cdk/exports/chat/tokyoRows: !GetAtt Rows.Arn}}
"
    );
    let folder = Folder::new(&[("chat.yaml", &*chat), ("tokyo.yaml", &*tokyo)]);
    let stack = folder.read("chat.yaml", &["chat.yaml", "tokyo.yaml"]);
    let stack = stack.expect("it can be served");
    let arn = "arn:aws:dynamodb:ap-northeast-1:000000000000:table/tokyo-Rows";
    assert_eq!(variable(&stack, "F"), arn);
    assert_eq!(stack.tables().len(), 1);
}

// Nothing is wrong as long as nothing that is served needs it.
#[rstest]
#[case::export("!ImportValue 'net:Vpc'", "`net:Vpc`", "net:Vpc")]
#[case::output(
    "!GetStackOutput {StackName: net, OutputName: Vpc}",
    "`Vpc` of the stack `net`",
    "net.Vpc"
)]
#[case::nested(
    "!GetAtt Far.Outputs.Vpc",
    "`Vpc` of the nested stack `Far`",
    "Far.Outputs.Vpc"
)]
fn what_is_not_known_can_be_given(#[case] value: &str, #[case] named: &str, #[case] flag: &str) {
    let far = "
  Far:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: 'https://s3.amazonaws.com/bucket/far.yaml'}
";
    let uncalled = chat(&format!("{far}{}", function("F", value)), "");
    let called = chat(
        &format!(
            "{far}{}{}",
            function("F", value),
            route("talk", &uri("!GetAtt F.Arn"))
        ),
        "",
    );
    let stack = parse("t.yaml", &uncalled, Path::new(""), &settings(&[]));
    let stack = stack.expect("nothing needs it");
    let warned = stack
        .warnings()
        .iter()
        .filter(|one| one.message.contains(named));
    assert_eq!(warned.count(), 1, "{:?}", stack.warnings());
    let error = parse("t.yaml", &called, Path::new(""), &settings(&[])).expect_err("it is needed");
    let page = error.to_string();
    assert!(error.message().contains(named), "{page}");
    assert!(
        page.contains(&format!("`--parameter {flag}=VALUE`")),
        "{page}"
    );
    let given = settings(&[(flag, "vpc-1")]);
    let stack = parse("t.yaml", &called, Path::new(""), &given).expect("it is given");
    assert_eq!(variable(&stack, "F"), "vpc-1");
    // A name that nothing has is still wrong.
    let wrong = settings(&[("other", "x"), (flag, "vpc-1")]);
    let error = parse("t.yaml", &called, Path::new(""), &wrong).expect_err("it has no `other`");
    assert!(error.message().contains("`other`"), "{error}");
}

#[rstest]
#[case::siblings(
    &[("chat", "!GetStackOutput {StackName: data, OutputName: O}"),
      ("data", "!GetStackOutput {StackName: chat, OutputName: X}")],
    "the stack `chat` needs a value of `data`, which needs one of `chat`"
)]
#[case::through_another(
    &[("chat", "!ImportValue data"), ("data", "!ImportValue more"), ("more", "!ImportValue chat")],
    "the stack `chat` needs a value of `data`, which needs one of `chat`"
)]
fn stacks_that_need_each_other_are_an_error(#[case] app: &[(&str, &str)], #[case] message: &str) {
    let file = |(name, value): &(&str, &str)| {
        let table = TABLE.replace("Rows:", "Table:");
        let resources = if *name == "chat" { API } else { &table };
        let sections = format!(
            "Outputs:
  O: {{Value: {value}}}
  X: {{Value: x, Export: {{Name: {name}}}}}
"
        );
        (
            format!("{name}.yaml"),
            format!("Resources:\n{resources}{sections}"),
        )
    };
    let files: Vec<(String, String)> = app.iter().map(file).collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect();
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let folder = Folder::new(&files);
    let read = folder.read("chat.yaml", &names);
    let errors = read.expect_err("nothing can be deployed first");
    assert!(messages(&errors)[0].contains(message), "{errors}");
    assert_eq!(errors.errors().len(), 1, "{errors}");
}

// With the CLI, the path is in the metadata; without it, only in the list of assets.
#[rstest]
#[case::metadata("Metadata: {aws:asset:path: chatN.nested.template.json}", "far")]
#[case::assets("", "0a1b")]
fn a_nested_stack_of_the_cdk_is_its_asset(#[case] metadata: &str, #[case] key: &str) {
    let nested = format!(
        "
  Nested:
    Type: AWS::CloudFormation::Stack
    {metadata}
    Properties:
      TemplateURL: !Join ['', ['https://s3.', !Ref AWS::Region, '/', !Sub 'a-${{AWS::Region}}', /{key}.json]]
"
    );
    let nested = chat(
        &[&*nested, &*function("F", "!GetAtt Nested.Outputs.O")].concat(),
        "",
    );
    let assets = r#"{"files": {"x": {"source": {"path": "chatN.nested.template.json"},
        "destinations": {"here": {"objectKey": "0a1b.json"}}}}}"#;
    let folder = Folder::new(&[
        ("chat.template.json", &*nested),
        ("chat.assets.json", assets),
        (
            "chatN.nested.template.json",
            "{Resources: {}, Outputs: {O: {Value: !Ref AWS::StackName}}}",
        ),
    ]);
    let stack = folder
        .read("chat.template.json", &[])
        .expect("it can be served");
    assert_eq!(variable(&stack, "F"), "chat-Nested");
    // As serverless-plugin-split-stacks leaves it, there is only the file.
    let folder = Folder::new(&[
        ("chat.json", &*nested),
        (
            &format!("{key}.json"),
            "{Resources: {}, Outputs: {O: {Value: beside}}}",
        ),
    ]);
    if metadata.is_empty() {
        let stack = folder.read("chat.json", &[]).expect("it can be served");
        assert_eq!(variable(&stack, "F"), "beside");
    }
}

#[test]
fn a_value_that_needs_itself_is_a_circle() {
    let value = "!GetStackOutput {StackName: chat, OutputName: O}";
    let resources = [function("F", value), route("talk", &uri("!GetAtt F.Arn"))];
    let chat = chat(
        &resources.concat(),
        &format!("Outputs: {{O: {{Value: {value}}}}}"),
    );
    let folder = Folder::new(&[("chat.yaml", &*chat)]);
    let errors = folder.read("chat.yaml", &["chat.yaml"]);
    let errors = errors.expect_err("a function needs the value");
    let message = "a circular reference: the output `O` refers to itself";
    assert_eq!(messages(&errors), [message], "{errors}");
}

// One that refers to the served stack is served with it, whatever else is wrong with it; one of
// another stage is not, whatever it refers to.
#[test]
fn a_sibling_may_need_the_stack_that_is_served() {
    let chat = chat(
        TABLE,
        "Outputs: {Name: {Value: !Ref Rows, Export: {Name: rows}}}",
    );
    let jobs = format!(
        "Parameters: {{Nobody: {{Type: String}}}}\nResources:{}\nOutputs: {{O: {{Value: !Ref Nobody}}}}",
        function("Job", "!ImportValue rows")
    );
    let prod = format!("Resources:{}", function("F", "!ImportValue rows"));
    let folder = Folder::new(&[
        ("chat.yaml", &*chat),
        ("jobs.yaml", &*jobs),
        ("prod.yaml", &*prod),
    ]);
    let app = ["jobs.yaml", "prod.yaml", "chat.yaml"];
    let stack = folder.read("chat.yaml", &app).expect("it can be served");
    assert_eq!(names(&stack), [("jobs/Job", "jobs-Job")]);
    assert_eq!(variable(&stack, "jobs/Job"), "chat-Rows");
    assert_eq!(stack.inputs().len(), 2, "{:?}", stack.inputs());
    assert!(stack.warnings().is_empty(), "{:?}", stack.warnings());
}
