//! New deployments while the gateway serves: rules, functions and tables are swapped under traffic.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gateway::{ApplyError, Control, Figures, FunctionOutput, Options};
use serde_json::{Value, json};
use stack::{Assembly, Settings};
use tokio::sync::mpsc;
use tokio::time::timeout;

use support::{Client, PATIENCE, ask, connect, probe, receive, start};

/// What a deployment of the tests may differ in.
#[derive(Clone)]
struct Deployment {
    /// What the mock answers, and what the function finds in `VERSION`.
    version: usize,
    /// Whether the function's answers go back to the client.
    ask: Ways,
    stage: &'static str,
    /// The stage's deployment by logical id, or it deploys itself.
    deployment: Option<&'static str>,
    /// Names of tables with the names of their keys.
    tables: Vec<(String, &'static str)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ways {
    /// No route calls the function.
    None,
    One,
    Two,
}

impl Deployment {
    fn new(version: usize) -> Self {
        Self {
            version,
            ask: Ways::Two,
            stage: "test",
            deployment: None,
            tables: Vec::new(),
        }
    }

    fn template(&self) -> String {
        let Self { version, stage, .. } = self;
        let deployed = match self.deployment {
            None => "AutoDeploy: true}".to_owned(),
            Some(id) => format!(
                "DeploymentId: !Ref {id}}}
  {id}: {{Type: AWS::ApiGatewayV2::Deployment, DependsOn: Rules, Properties: {{ApiId: !Ref Api}}}}"
            ),
        };
        let mut text = format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: {stage}, {deployed}
  Mock:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: MOCK
      RequestTemplates: {{application/json: '{{\"statusCode\": 200}}'}}
  MockResponse:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref Api
      IntegrationId: !Ref Mock
      IntegrationResponseKey: $default
      ResponseTemplates: {{application/json: '{version}'}}
  Rules:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: rules
      RouteResponseSelectionExpression: $default
      Target: !Sub 'integrations/${{Mock}}'
  RulesResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {{ApiId: !Ref Api, RouteId: !Ref Rules, RouteResponseKey: $default}}
  Probe:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: rust-cargolambda
      BuildProperties: {{Binary: probe}}
    Properties:
      CodeUri: .
      Handler: bootstrap
      Runtime: provided.al2023
      Timeout: 60
      Environment: {{Variables: {{VERSION: '{version}'}}}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Probe
      Principal: apigateway.amazonaws.com
"
        );
        if self.ask != Ways::None {
            text.push_str(
                "  ToProbe:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Probe.Arn}/invocations'
  Ask:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: ask
      RouteResponseSelectionExpression: $default
      Target: !Sub 'integrations/${ToProbe}'
",
            );
        }
        if self.ask == Ways::Two {
            text.push_str(
                "  AskResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref Ask, RouteResponseKey: $default}
",
            );
        }
        for (name, key) in &self.tables {
            text.push_str(&format!(
                "  {name}:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: {name}
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{{AttributeName: {key}, KeyType: HASH}}]
      AttributeDefinitions: [{{AttributeName: {key}, AttributeType: S}}]
"
            ));
        }
        text
    }

    fn assembly(&self) -> Assembly {
        let text = self.template();
        let folder = probe_folder();
        Assembly::parse("apply.yaml", &text, &folder, &Settings::default())
            .unwrap_or_else(|error| panic!("{error}"))
    }

    async fn start(&self) -> Served {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        // Beside the probe's code, where `CodeUri` looks for it.
        let name = format!("apply-{}-{number}.yaml", std::process::id());
        let path = probe_folder().join(&name);
        std::fs::write(&path, self.template()).unwrap();
        let (sender, lines) = mpsc::unbounded_channel();
        let options = Options {
            settings: Settings::default(),
            dynamodb_url: None,
            function_output: FunctionOutput::Each(Arc::new(move |_, line| {
                let _ = sender.send(line.to_owned());
            })),
            ..probe(&name)
        };
        let control = start(options).await;
        std::fs::remove_file(path).unwrap();
        Served { control, lines }
    }
}

/// A gateway, and the lines of its function.
struct Served {
    control: Control,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Served {
    async fn apply(&self, deployment: &Deployment) -> Result<String, ApplyError> {
        let applied = timeout(PATIENCE, self.control.apply(deployment.assembly()));
        applied.await.unwrap().map(|plan| plan.to_string())
    }

    async fn client(&self) -> Client {
        connect(&self.control).await.unwrap()
    }

    /// Waits until a function works on an event.
    async fn has_begun(&mut self) {
        timeout(PATIENCE, self.lines.recv()).await.unwrap().unwrap();
    }

    /// An action of DynamoDB: its status and what it answers.
    async fn dynamodb(&self, action: &str, body: &Value) -> (u16, Value) {
        let target = format!("DynamoDB_20120810.{action}");
        support::dynamodb(&self.control, &target, body).await
    }

    async fn has_table(&self, name: &str) -> bool {
        let request = json!({ "TableName": name });
        self.dynamodb("DescribeTable", &request).await.0 == 200
    }
}

fn probe_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probe")
}

fn message(action: &str, what: &str) -> String {
    json!({ "action": action, "what": what }).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_is_judged_by_the_rules_of_its_request() {
    let mut served = Deployment::new(1).start().await;
    let mut client = served.client().await;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let released = folder.join(format!("released-{}", std::process::id()));
    let wait = message("ask", &format!("until:{};", released.display()));
    futures_util::SinkExt::send(&mut client, wait.into())
        .await
        .unwrap();
    served.has_begun().await;
    let functions = served.control.snapshot().functions;
    let figures: Vec<Figures> = functions.into_values().collect();
    let one_busy = Figures {
        busy: 1,
        ..Figures::default()
    };
    assert_eq!(figures, [one_busy]);
    let one_way = Deployment {
        ask: Ways::One,
        ..Deployment::new(2)
    };
    let plan = served.apply(&one_way).await.unwrap();
    assert!(plan.contains("rules") && plan.contains("`Probe`"), "{plan}");
    // What began under the rules of version 1 is answered, by the function of version 1.
    std::fs::write(&released, "").unwrap();
    assert_eq!(receive(&mut client).await, "1");
    std::fs::remove_file(released).unwrap();
    // From now on `ask` is one-way, and its function is another; the connection is the same.
    futures_util::SinkExt::send(&mut client, message("ask", "version").into())
        .await
        .unwrap();
    assert_eq!(ask(&mut client, &message("rules", "")).await, "2");
    served.apply(&Deployment::new(3)).await.unwrap();
    assert_eq!(ask(&mut client, &message("ask", "version")).await, "3");
    served.control.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tables_that_stay_keep_their_rows_and_other_keys_are_refused_by_name() {
    let mut deployment = Deployment::new(1);
    deployment.tables.push(("Rows".to_owned(), "id"));
    let served = deployment.start().await;
    let item = json!({"TableName": "Rows", "Item": {"id": {"S": "kept"}}});
    assert_eq!(served.dynamodb("PutItem", &item).await.0, 200);
    deployment.tables.push(("More".to_owned(), "id"));
    assert!(!served.has_table("More").await);
    let plan = served.apply(&deployment).await.unwrap();
    assert!(plan.contains("`More`"), "{plan}");
    assert!(served.has_table("More").await);
    let key = json!({"TableName": "Rows", "Key": {"id": {"S": "kept"}}});
    let rows = served.dynamodb("GetItem", &key).await.1;
    assert_eq!(rows["Item"]["id"]["S"], "kept");
    // Nothing of a deployment that is refused is applied.
    let mut refused = deployment.clone();
    refused.version = 2;
    refused.tables[0].1 = "other";
    let error = served.apply(&refused).await.unwrap_err().to_string();
    assert!(error.contains("`Rows`"), "{error}");
    let mut client = served.client().await;
    assert_eq!(ask(&mut client, &message("rules", "")).await, "1");
    // A table that is gone from the template is not gone, so its name does not take other keys.
    let rows = deployment.tables.remove(0);
    served.apply(&deployment).await.unwrap();
    assert!(served.has_table("Rows").await);
    deployment.tables.push(("Rows".to_owned(), "other"));
    assert!(served.apply(&deployment).await.is_err());
    *deployment.tables.last_mut().unwrap() = rows;
    served.apply(&deployment).await.unwrap();
    served.control.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_needs_a_restart_is_refused_and_the_same_again_changes_nothing() {
    let served = Deployment::new(1).start().await;
    let other = Deployment {
        stage: "other",
        ..Deployment::new(2)
    };
    let error = served.apply(&other).await.unwrap_err();
    assert!(matches!(error, ApplyError::Refused(_)), "{error}");
    assert!(error.to_string().contains("`test` to `other`"), "{error}");
    let mut client = served.client().await;
    assert_eq!(ask(&mut client, &message("rules", "")).await, "1");
    let same = Deployment::new(1).assembly();
    assert!(served.control.apply(same).await.unwrap().is_empty());
    served.control.shutdown().await;
    let late = served.control.apply(Deployment::new(3).assembly()).await;
    assert!(matches!(late, Err(ApplyError::GoingDown)));
}

// ROUTE-62: a deployment is a snapshot, also of what its integrations answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_no_deployment_takes_up_is_not_served() {
    let deployed = |version, ask, deployment| Deployment {
        ask,
        deployment: Some(deployment),
        ..Deployment::new(version)
    };
    let served = deployed(1, Ways::None, "First").start().await;
    let mut client = served.client().await;
    let changed = deployed(2, Ways::Two, "First");
    let log = support::Log::default();
    let listening = log.listen();
    let plan = served.apply(&changed).await.unwrap();
    drop(listening);
    let said = log.take();
    let cure = "is made once: give the `AWS::ApiGatewayV2::Deployment` another logical id, or";
    assert!(said.contains(cure), "{said}");
    let waits = "waits for a deployment: changes of the route `rules`, the route `ask`";
    assert!(plan.contains(waits), "{plan}");
    assert_eq!(ask(&mut client, &message("rules", "")).await, "1");
    let frame = ask(&mut client, &message("ask", "version")).await;
    assert!(frame.contains("Forbidden"), "{frame}");
    let plan = served
        .apply(&deployed(2, Ways::Two, "Second"))
        .await
        .unwrap();
    assert_eq!(plan, "rules");
    assert_eq!(ask(&mut client, &message("rules", "")).await, "2");
    assert_eq!(ask(&mut client, &message("ask", "version")).await, "2");
    served.control.shutdown().await;
}

// They used to idle for five minutes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_processes_of_a_function_that_is_gone_end_at_once() {
    let served = Deployment::new(1).start().await;
    let mut client = served.client().await;
    assert_eq!(ask(&mut client, &message("ask", "version")).await, "1");
    let without = Deployment {
        ask: Ways::None,
        ..Deployment::new(1)
    };
    let plan = served.apply(&without).await.unwrap();
    assert!(plan.contains("`Probe` removed"), "{plan}");
    let gone = async {
        let figures = || served.control.snapshot().functions.into_values();
        while figures().any(|function| function != Figures::default()) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
    served.apply(&Deployment::new(1)).await.unwrap();
    assert_eq!(ask(&mut client, &message("ask", "version")).await, "1");
    served.control.shutdown().await;
}

/// How many deployments follow each other, and how many clients send meanwhile.
const DEPLOYMENTS: usize = 20;
const CLIENTS: usize = 8;

// Every message is answered once, by a deployment that was served between its sending and its
// answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_traffic_nothing_is_lost_and_every_answer_is_of_its_time() {
    let mut deployment = Deployment::new(0);
    let served = deployment.start().await;
    // Deployments that were begun, and those that were applied.
    let begun = Arc::new(AtomicUsize::new(0));
    let applied = Arc::new(AtomicUsize::new(0));
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let mut client = served.client().await;
        let (begun, applied) = (Arc::clone(&begun), Arc::clone(&applied));
        clients.push(tokio::spawn(async move {
            let mut answers = 0;
            while applied.load(Ordering::SeqCst) < DEPLOYMENTS {
                let action = if number % 2 == 0 { "rules" } else { "ask" };
                let earliest = applied.load(Ordering::SeqCst);
                let answer = ask(&mut client, &message(action, "version")).await;
                let latest = begun.load(Ordering::SeqCst);
                let version: usize = answer.parse().unwrap();
                assert!(
                    (earliest..=latest).contains(&version),
                    "{action}: {version} is not from {earliest} to {latest}"
                );
                answers += 1;
            }
            answers
        }));
    }
    for version in 1..=DEPLOYMENTS {
        deployment.version = version;
        deployment.tables.push((format!("Table{version}"), "id"));
        begun.store(version, Ordering::SeqCst);
        served.apply(&deployment).await.unwrap();
        applied.store(version, Ordering::SeqCst);
    }
    for client in clients {
        let answers = timeout(PATIENCE, client).await.unwrap().unwrap();
        assert!(answers > 0);
    }
    for version in 1..=DEPLOYMENTS {
        assert!(served.has_table(&format!("Table{version}")).await);
    }
    served.control.shutdown().await;
}
