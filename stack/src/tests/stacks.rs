//! Several stacks: nested ones, and the others of an app.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;

use super::*;

/// A folder of templates, which is removed with this.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("gatespec-stacks-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        for (name, text) in files {
            let path = folder.join(name);
            let around = path.parent().expect("it is in the folder");
            std::fs::create_dir_all(around).expect("the folder can be written");
            std::fs::write(path, text).expect("the folder can be written");
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The stack of a file among those of an app, which are called as their files.
    fn read(&self, name: &str, app: &[&str]) -> Result<Assembly, Diagnostics> {
        let stack = |name: &&str| StackTemplate {
            name: name.split('.').next().unwrap_or_default().to_owned(),
            id: (*name).to_owned(),
            template: self.path(name),
            parent: None,
            region: name.contains("tokyo").then(|| "ap-northeast-1".to_owned()),
            account: None,
        };
        let settings = Settings {
            stack_name: name.split('.').next().unwrap_or_default().to_owned(),
            stacks: app.iter().map(stack).collect(),
            ..Settings::default()
        };
        Assembly::read(&self.path(name), &settings)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A stack of the API, more resources, and whole sections behind them.
fn chat(resources: &str, sections: &str) -> String {
    format!("Resources:\n{API}{resources}{sections}")
}

/// A function whose only variable has a value.
fn function(id: &str, value: &str) -> String {
    format!(
        "
  {id}:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      CodeUri: code/
      Environment: {{Variables: {{V: {value}}}}}
"
    )
}

fn route(key: &str, function: &str) -> String {
    format!(
        "
  {key}Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {{ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: {function}}}
  {key}Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: {key}, Target: !Sub 'integrations/${{{key}Integration}}'}}
"
    )
}

/// As an integration names a function.
fn uri(arn: &str) -> String {
    format!(
        "!Join ['', ['arn:aws:apigateway:', !Ref AWS::Region, ':lambda:path/2015-03-31/functions/', \
         {arn}, /invocations]]"
    )
}

fn variable(assembly: &Assembly, function: &str) -> String {
    let found = assembly.functions().iter();
    let mut found = found.filter(|one| one.logical_id == function);
    found.next().expect("the function is there").environment["V"].clone()
}

fn names(assembly: &Assembly) -> Vec<(&str, &str)> {
    let functions = assembly.functions().iter();
    functions
        .map(|one| (&*one.logical_id, &*one.name))
        .collect()
}

fn messages(diagnostics: &Diagnostics) -> Vec<&str> {
    diagnostics.errors().iter().map(Error::message).collect()
}

const TABLE: &str = "
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: k, AttributeType: S}]
      KeySchema: [{AttributeName: k, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
";

// What stands in it is as if the stack around it had it; both may use the same logical ids.
#[test]
fn a_nested_stack_is_served_with_the_one_around_it() {
    let nested = "
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: sub/nested.yaml
      Parameters: {Table: !Ref Rows, List: !Split [',', 'a,b'], Region: !Ref AWS::Region}
";
    let parent = chat(
        &[
            nested,
            TABLE,
            &function("F", "!GetAtt Nested.Outputs.Inner"),
            &route("inner", &uri("!GetAtt Nested.Outputs.Arn")),
        ]
        .concat(),
        "Outputs: {Id: {Value: !Ref Nested}, Name: {Value: !Sub '${Nested.Outputs.Name}'}}",
    );
    let inner = function("F", "!Sub '${Table} ${First} ${Region} ${AWS::StackId}'");
    let nested = format!(
        "
Parameters:
  Table: {{Type: String}}
  List: {{Type: CommaDelimitedList}}
  Region: {{Type: String}}
  First: {{Type: String, Default: first}}
Resources:{inner}{TABLE}
Outputs:
  Arn: {{Value: !GetAtt F.Arn}}
  Name: {{Value: !Ref AWS::StackName}}
  Inner: {{Value: !Join ['+', !Ref List]}}
"
    );
    let folder = Folder::new(&[("chat.yaml", &*parent), ("sub/nested.yaml", &*nested)]);
    let stack = folder.read("chat.yaml", &[]).expect("it can be served");
    assert_eq!(
        names(&stack),
        [("F", "chat-F"), ("Nested/F", "chat-Nested-F")]
    );
    let id = "arn:aws:cloudformation:us-east-1:000000000000:stack/chat-Nested/\
              00000000-0000-0000-0000-000000000000";
    assert_eq!(variable(&stack, "F"), "a+b");
    assert_eq!(
        variable(&stack, "Nested/F"),
        format!("chat-Rows first us-east-1 {id}")
    );
    assert_eq!(stack.outputs()["Id"], id);
    assert_eq!(stack.outputs()["Name"], "chat-Nested");
    let called: Vec<bool> = stack.functions().iter().map(|one| one.is_called).collect();
    assert_eq!(called, [false, true]);
    let tables = stack.tables().iter();
    let tables: Vec<_> = tables.map(|one| (&*one.logical_id, &*one.name)).collect();
    assert_eq!(
        tables,
        [("Rows", "chat-Rows"), ("Nested/Rows", "chat-Nested-Rows")]
    );
    // Each has its own folder.
    let nested = &stack.functions()[1];
    assert_eq!(nested.code.directory, folder.path("sub/code/"));
    let (chat, sub) = (folder.path("chat.yaml"), folder.path("sub/nested.yaml"));
    assert_eq!(stack.inputs()[..2], [chat, sub]);
    let error = stack.code_error(nested, "it is wrong".to_owned(), None);
    assert!(error.to_string().contains("sub/nested.yaml:"), "{error}");
}

#[test]
fn the_api_may_be_in_a_nested_stack() {
    let parent = format!(
        "
Resources:
  Sub:
    Type: AWS::Serverless::Application
    Properties: {{Location: api.yaml, Parameters: {{Function: !GetAtt F.Arn}}}}
{}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      Principal: apigateway.amazonaws.com
      FunctionName: !Ref F
      SourceArn: !Sub 'arn:aws:execute-api:us-east-1:000000000000:${{Sub.Outputs.Id}}/*'
",
        function("F", "!GetAtt Sub.Outputs.Id")
    );
    let api = format!(
        "Parameters: {{Function: {{Type: String}}}}\n{}",
        chat(
            &route("talk", &uri("!Ref Function")),
            "Outputs: {Id: {Value: !Ref Api}}"
        )
    );
    let folder = Folder::new(&[("app.yaml", &*parent), ("api.yaml", &*api)]);
    let stack = folder.read("app.yaml", &[]).expect("it can be served");
    assert_eq!(variable(&stack, "F"), stack.api().api_id);
    assert!(stack.functions()[0].is_called);
    assert!(stack.warnings().is_empty(), "{:?}", stack.warnings());
    // Served by itself, it has another id: that of its own name.
    let alone = Settings {
        parameters: [("Function".to_owned(), stack.functions()[0].arn.clone())].into(),
        ..Settings::default()
    };
    let error = Assembly::read(&folder.path("api.yaml"), &alone).expect_err("it has no function");
    assert!(
        messages(&error)[0].contains("is not in this stack"),
        "{error}"
    );
}

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
    let inputs = [folder.path("chat.yaml"), folder.path("data.json")];
    assert_eq!(stack.inputs(), inputs);
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
#[case::itself(&[("chat", "!GetStackOutput {StackName: chat, OutputName: O}")], "the output `O`")]
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

// Their parameters may need each other's outputs, but not in a circle.
#[test]
fn nested_stacks_wait_for_each_other() {
    let nested = |id: &str, value: &str| {
        format!(
            "
  {id}:
    Type: AWS::CloudFormation::Stack
    Properties: {{TemplateURL: nested.yaml, Parameters: {{P: {value}}}}}
"
        )
    };
    let template = "
Parameters: {P: {Type: String}}
Conditions: {Yes: !Equals [!Ref P, start]}
Resources: {Handle: {Type: AWS::CloudFormation::WaitConditionHandle, Condition: Yes}}
Outputs: {O: {Value: !If [Yes, 'yes', !Ref P]}}
";
    let line = [
        nested("Last", "!GetAtt Middle.Outputs.O"),
        nested("Middle", "!GetAtt First.Outputs.O"),
        nested("First", "start"),
        function("F", "!GetAtt Last.Outputs.O"),
    ];
    let circle = [
        nested("One", "!GetAtt Two.Outputs.O"),
        nested("Two", "!GetAtt One.Outputs.O"),
    ];
    let folder = Folder::new(&[
        ("line.yaml", &*chat(&line.concat(), "")),
        ("circle.yaml", &*chat(&circle.concat(), "")),
        ("nested.yaml", template),
        (
            "itself.yaml",
            &*chat(&nested("Me", "x").replace("nested.yaml", "itself.yaml"), ""),
        ),
    ]);
    let stack = folder.read("line.yaml", &[]).expect("it can be served");
    assert_eq!(variable(&stack, "F"), "yes");
    let errors = folder
        .read("circle.yaml", &[])
        .expect_err("no stack comes first");
    let message = "a circular reference: the stack `circle-";
    assert!(messages(&errors)[0].starts_with(message), "{errors}");
    assert_eq!(errors.errors().len(), 1, "{errors}");
    let errors = folder.read("itself.yaml", &[]).expect_err("it has no end");
    assert!(
        errors.to_string().contains("several WebSocket APIs"),
        "{errors}"
    );
}

#[test]
fn what_is_wrong_is_told_of_its_own_template() {
    let parent = chat(
        "
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested.yaml}}
  Broken: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: broken.yaml}}
  Gone: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: gone.yaml}}
",
        "",
    );
    let nested = "
Resources:
  Table: {Type: AWS::Serverless::SimpleTable, Properties: {TableName: !Ref Nobody}}
";
    let folder = Folder::new(&[
        ("chat.yaml", &*parent),
        ("nested.yaml", nested),
        ("broken.yaml", "Resources: ["),
    ]);
    let errors = folder
        .read("chat.yaml", &[])
        .expect_err("two templates are wrong");
    let pages: Vec<String> = errors.errors().iter().map(ToString::to_string).collect();
    assert_eq!(pages.len(), 2, "{errors}");
    assert!(pages[0].contains("nested.yaml:3:"), "{}", pages[0]);
    assert!(pages[1].contains("broken.yaml:1:"), "{}", pages[1]);
    let warnings = errors.warnings().iter();
    let gone: Vec<String> = warnings.map(ToString::to_string).collect();
    assert!(
        gone.iter()
            .any(|one| one.contains("`Gone` declares is not here")),
        "{gone:?}"
    );
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
}

// SAM's own names of functions, and the values that are given for their variables.
#[test]
fn variables_are_given_by_path_or_by_logical_id() {
    let nested = "
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested.yaml}}
";
    let folder = Folder::new(&[
        (
            "chat.yaml",
            &*chat(&[nested, &*function("F", "x")].concat(), ""),
        ),
        ("nested.yaml", &*format!("Resources:{}", function("F", "x"))),
    ]);
    let given = |text: &str| {
        let variables = Variables::parse(text).expect("it is valid");
        let settings = Settings {
            variables,
            ..Settings::default()
        };
        let stack = Assembly::read(&folder.path("chat.yaml"), &settings);
        let stack = stack.expect("it can be served");
        (variable(&stack, "F"), variable(&stack, "Nested/F"))
    };
    let both = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    assert_eq!(given(r#"{"F": {"V": "1"}}"#), both("1", "1"));
    assert_eq!(given(r#"{"Nested/F": {"V": "1"}}"#), both("x", "1"));
    assert_eq!(
        given(r#"{"gatespec-Nested-F": {"V": "1"}}"#),
        both("x", "1")
    );
}
