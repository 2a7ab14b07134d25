//! Functions that a command of the user's runs (`--runtime NAME='COMMAND …'`), and those that
//! nothing runs.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gateway::Options;
use support::{code_folder, javascript};

/// A client of the Runtime API in a language that no runtime here knows.
const SCRIPT: &str = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
head=$(mktemp)
while curl --silent --show-error --fail --dump-header "$head" --output /dev/null "$api/next"; do
  id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\([^[:space:]]*\).*/\1/p' "$head")
  said="$1 $AWS_EXECUTION_ENV $(basename "$LAMBDA_TASK_ROOT") $(basename "$PWD")"
  curl --silent --output /dev/null --data "{\"statusCode\": 200, \"body\": \"$said\"}" "$api/$id/response"
done
"#;

fn options(folder: &Path, runtime: &str, commands: &[(&str, &str)]) -> Options {
    let mut options = Options::new(javascript(folder, runtime, "app.main"));
    let commands = commands
        .iter()
        .map(|(name, command)| ((*name).to_owned(), (*command).to_owned()));
    options.interpreters.commands.extend(commands);
    options
}

async fn refused(options: Options) -> String {
    match gateway::start(options).await {
        Ok(_) => panic!("it has started"),
        Err(error) => error.to_string(),
    }
}

fn scripted(name: &str, script: &str) -> PathBuf {
    let folder = code_folder(name, &[("run.sh", script)]);
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.join("run.sh"), mode).unwrap();
    folder
}

#[cfg(feature = "runtimes")]
#[tokio::test]
async fn a_shell_script_is_a_runtime() {
    let folder = scripted("shell-runtime", SCRIPT);
    fs::copy(folder.join("run.sh"), folder.join("app.main")).unwrap();
    let command = "./run.sh \"$_HANDLER\"";
    for (runtime, commands) in [
        ("ruby3.4", &[("ruby3.4", command)][..]),
        // One function, whatever its runtime is.
        ("nodejs22.x", &[("Function", command)]),
        // The handler is the program.
        ("go1.x", &[]),
    ] {
        let running = support::start(options(&folder, runtime, commands)).await;
        let mut client = support::connect(&running).await.unwrap();
        let expected = match runtime {
            "go1.x" => "  src src".to_owned(),
            _ => format!("app.main AWS_Lambda_{runtime} src src"),
        };
        for message in ["1", "2"] {
            assert_eq!(support::ask(&mut client, message).await, expected);
        }
        running.shutdown().await;
    }
}

/// A second function, of a runtime that nothing runs, with a route and an authorizer.
#[cfg(feature = "runtimes")]
fn with_another(folder: &Path) -> Options {
    let mut options = options(folder, "ruby3.4", &[("ruby3.4", "./run.sh x")]);
    let text = fs::read_to_string(&options.template).unwrap();
    let another = "
  Other:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src, Handler: x, Runtime: java21}
  OtherPermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Other
      Principal: apigateway.amazonaws.com
  OtherIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub
        arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Other.Arn}/invocations
  OtherRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: other, Target: !Sub 'integrations/${OtherIntegration}'}
";
    options.template = folder.parent().unwrap().join("another.yaml");
    fs::write(&options.template, text + another).unwrap();
    options
}

#[cfg(feature = "runtimes")]
#[tokio::test]
async fn a_function_that_cannot_run_fails_and_the_others_serve() {
    let folder = scripted("another", SCRIPT);
    let running = support::start(with_another(&folder)).await;
    let mut decisions = running.subscribe();
    let mut client = support::connect(&running).await.unwrap();
    let expected = "x AWS_Lambda_ruby3.4 src src";
    assert_eq!(support::ask(&mut client, "{}").await, expected);
    let frame = support::ask(&mut client, r#"{"action": "other"}"#).await;
    assert!(frame.contains("Internal server error"), "{frame}");
    assert_eq!(support::ask(&mut client, "{}").await, expected);
    let decisions = support::decisions(&mut decisions);
    let why = "it cannot be run here: the runtime `java21` is not one that runs here by itself; name a client";
    assert!(decisions.contains(why), "{decisions}");

    // A deployment may leave it as it is, but breaks nothing that runs.
    let text = fs::read_to_string(folder.parent().unwrap().join("another.yaml")).unwrap();
    let parse = |text: &str| {
        let parent = folder.parent().unwrap();
        stack::Assembly::parse("t.yaml", text, parent, &stack::Settings::default()).unwrap()
    };
    running
        .apply(parse(&text))
        .await
        .expect("it stays as it was");
    let broken = text.replace("Runtime: ruby3.4", "Runtime: java17");
    let error = running.apply(parse(&broken)).await.unwrap_err().to_string();
    assert!(
        error.contains("the function `Function` cannot be run"),
        "{error}"
    );
    running.shutdown().await;

    // An authorizer that cannot run lets nobody in.
    let authorizer = "
  Authorizer:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: other
      AuthorizerType: REQUEST
      IdentitySource: [route.request.querystring.token]
      AuthorizerUri: !Sub
        arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Other.Arn}/invocations
  ConnectRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: $connect
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Authorizer
      Target: !Sub integrations/${Integration}
";
    let options = with_another(&folder);
    fs::write(&options.template, text + authorizer).unwrap();
    let running = support::start(options).await;
    let url = format!("{}?token=x", running.ws_url());
    let refusal = support::open(url).await.expect_err("nobody is let in");
    assert_eq!(refusal.status().as_u16(), 500);
    running.shutdown().await;
}

// All tasks are on this test's thread, whose log this is.
#[cfg(feature = "runtimes")]
#[tokio::test]
async fn a_deployment_says_what_cannot_run_and_takes_nothing_new_that_cannot() {
    let folder = scripted("another-comes", SCRIPT);
    let mut options = with_another(&folder);
    let whole = fs::read_to_string(&options.template).unwrap();
    let (function, integration) = whole.split_once("  OtherIntegration:").unwrap();
    options.template = folder.parent().unwrap().join("uncalled.yaml");
    fs::write(&options.template, function).unwrap();
    let parse = |text: &str| {
        let parent = folder.parent().unwrap();
        stack::Assembly::parse("t.yaml", text, parent, &stack::Settings::default()).unwrap()
    };
    let log = support::Log::default();
    let listening = log.listen();
    // It is there, and nothing calls it.
    let running = support::start(options.clone()).await;
    let cannot = "the function `Other` cannot be run";
    assert!(!log.take().contains(cannot));
    let error = running.apply(parse(&whole)).await.unwrap_err();
    assert!(error.to_string().contains(cannot), "{error}");
    let lost = "
  Lost:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: lost}
";
    let applied = running.apply(parse(&format!("{function}{lost}"))).await;
    applied.expect("a route without `Target` may be");
    let said = log.take();
    assert!(said.contains("the route `lost` has no `Target`"), "{said}");
    running.shutdown().await;

    // What was called and could not run is told again.
    fs::write(&options.template, &whole).unwrap();
    let running = support::start(options).await;
    assert!(log.take().contains(cannot));
    let second = integration.split_once("  OtherRoute:").unwrap().1;
    let second = second.replace("RouteKey: other", "RouteKey: second");
    let more = format!("{whole}  SecondRoute:{second}");
    let applied = running.apply(parse(&more)).await;
    applied.expect("it has never run");
    assert!(log.take().contains(cannot));
    drop(listening);
    running.shutdown().await;
}

#[tokio::test]
async fn a_command_that_ends_at_once_fails_the_event_and_not_the_gateway() {
    let folder = scripted("ends-at-once", SCRIPT);
    for (command, how) in [("true", ""), ("exit 3; true", "exit status 3")] {
        let running = support::start(options(&folder, "java21", &[("java21", command)])).await;
        let mut decisions = running.subscribe();
        let mut client = support::connect(&running).await.unwrap();
        for _ in 0..2 {
            let answer = support::ask(&mut client, "{}").await;
            assert!(answer.contains("Internal server error"), "{answer}");
        }
        let said = support::decisions(&mut decisions);
        assert!(
            said.contains(how) && said.contains("Runtime exited"),
            "{said}"
        );
        running.shutdown().await;
    }
}

#[tokio::test]
async fn what_nothing_runs_is_one_error_with_the_option_that_runs_it() {
    let folder = scripted("nothing-runs", SCRIPT);
    let page = refused(options(&folder, "java21", &[("java17", "java")])).await;
    assert!(
        page.contains("the runtime `java21` is not one that runs here by itself"),
        "{page}"
    );
    assert!(page.contains("`--runtime java21='java -cp "), "{page}");

    let page = refused(options(
        &folder,
        "java21",
        &[("java21", "no-such-java -jar x.jar")],
    ))
    .await;
    let problem = "`no-such-java`, which `--runtime java21` names, is not there";
    assert!(
        page.contains(problem) && page.contains("must be on `PATH`"),
        "{page}"
    );

    let page = refused(options(&folder, "go1.x", &[])).await;
    assert!(page.contains("holds no `app.main`"), "{page}");

    let template = javascript(&folder, "java21", "app.main");
    let text = fs::read_to_string(&template).unwrap();
    let package = "      PackageType: Image\n      ImageConfig: {Command: [app.image]}\n";
    let image = text
        .replace("      Runtime: java21\n", package)
        .replace("      Handler: app.main\n", "")
        .replace("      CodeUri: src\n", "");
    fs::write(&template, image).unwrap();
    let page = refused(Options::new(&template)).await;
    assert!(page.contains("it is a container image"), "{page}");
    assert!(
        page.contains("`--runtime Function='COMMAND \"$_HANDLER\"'`"),
        "{page}"
    );
}
