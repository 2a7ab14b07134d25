//! Several stacks: nested ones, and the others of an app.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;

use super::*;

mod given;
mod siblings;

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
            parent: name.contains("prod").then(|| "Prod".to_owned()),
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
      BillingMode: PAY_PER_REQUEST
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
    let stack = Assembly::read(&folder.path("api.yaml"), &alone).expect("it can be served");
    let [warning] = stack.warnings() else {
        panic!("{:?}", stack.warnings())
    };
    assert!(
        warning.message.contains("is not in this stack"),
        "{warning}"
    );
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
Conditions: {Is: !Equals [!Ref P, start]}
Resources: {Handle: {Type: AWS::CloudFormation::WaitConditionHandle, Condition: Is}}
Outputs: {O: {Value: !If [Is, 'yes', !Ref P]}}
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

// A deployment behind a nested stack is behind the routes in it.
#[rstest]
#[case::behind("DependsOn: [Quiet, Nested]", 0)]
#[case::beside("DependsOn: [Quiet]", 1)]
fn a_nested_stack_is_made_before_what_depends_on_it(#[case] order: &str, #[case] warned: usize) {
    let chat = chat(
        &format!(
            "
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties: {{TemplateURL: nested.yaml, Parameters: {{Api: !Ref Api}}}}
  Deployment: {{Type: AWS::ApiGatewayV2::Deployment, {order}, Properties: {{ApiId: !Ref Api}}}}
"
        ),
        "",
    );
    let chat = chat.replace("AutoDeploy: true", "DeploymentId: !Ref Deployment");
    let nested = "
Parameters: {Api: {Type: String}}
Resources:
  Talk: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: talk}}
";
    let folder = Folder::new(&[("chat.yaml", &*chat), ("nested.yaml", nested)]);
    let stack = folder.read("chat.yaml", &[]).expect("it can be served");
    assert_eq!(stack.api().routes.len(), 2);
    let warnings = stack.warnings();
    assert_eq!(warnings.len(), warned, "{warnings:?}");
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
