//! Integrations with AWS services, over real sockets: to the address given, and into the outbox.

mod support;

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use gateway::{Control, Options};
use serde_json::{Value, json};
use spec::http::Headers;
use spec::signature::{Caller, Destination, Rejection, Request, verify};
use spec::{Api, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use support::{ask, connect, request, start, template};

const STACK: &str = "
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.action}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: test, AutoDeploy: true}
  Queue:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS
      IntegrationMethod: POST
      CredentialsArn: !Sub arn:aws:iam::${AWS::AccountId}:role/queue
      IntegrationUri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:sqs:path/${AWS::AccountId}/queue
      RequestParameters: {integration.request.header.Content-Type: \"'application/x-www-form-urlencoded'\"}
      RequestTemplates: {application/json: Action=SendMessage&MessageBody=$util.urlEncode($input.body)}
  QueueResponse:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties: {ApiId: !Ref Api, IntegrationId: !Ref Queue, IntegrationResponseKey: $default}
  QueueRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: queue, Target: !Sub 'integrations/${Queue}', RouteResponseSelectionExpression: $default}
  QueueRouteResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref QueueRoute, RouteResponseKey: $default}
  Bucket:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: AWS, CredentialsArn: role, IntegrationUri: 'arn:aws:apigateway:us-east-1:s3:path/bucket/key'}
  BucketRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: bucket, Target: !Sub 'integrations/${Bucket}'}
  Private:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: HTTP_PROXY, IntegrationMethod: POST, IntegrationUri: 'http://nlb.invalid/in', ConnectionType: VPC_LINK, ConnectionId: abc123}
  PrivateRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: private, Target: !Sub 'integrations/${Private}', RouteResponseSelectionExpression: $default}
  PrivateRouteResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref PrivateRoute, RouteResponseKey: $default}
";

async fn serve(name: &str, change: impl FnOnce(&mut Options)) -> Control {
    let mut options = Options::new(template(name, STACK));
    options.endpoints.clear();
    change(&mut options);
    start(options).await
}

/// A server that answers every request with `ok`, and its requests.
async fn backend() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let requests = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut received = Vec::new();
            // Bodies of these tests end in `}` or `D`.
            while !received.ends_with(b"%7D") && !received.ends_with(b"}") {
                let read = stream.read_buf(&mut received).await;
                assert_ne!(read.expect("a request"), 0, "{received:?}");
            }
            let text = String::from_utf8_lossy(&received).into_owned();
            noted.lock().expect("a list").push(text);
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            stream.write_all(answer).await.expect("the gateway waits");
        }
    });
    (url, requests)
}

/// Whether a request, as it came over the wire, is signed for SQS by the functions' role, now.
fn signed_by_the_functions(request: &str) -> Result<(), Rejection> {
    let (head, body) = request.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.split("\r\n");
    let first: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, _] = *first else {
        panic!("a request line, got {first:?}")
    };
    let headers: Headers = lines.filter_map(|line| line.split_once(": ")).collect();
    let request = Request {
        method,
        target,
        headers: &headers,
        body: body.as_bytes(),
    };
    let destination = Destination {
        region: "us-east-1",
        service: "sqs",
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("it is after 1970").as_millis();
    let now = Timestamp::from_millis(now.try_into().expect("not in this age"));
    let callers = [Caller::functions(&Api::new("$request.body.action", "test"))];
    verify(&request, &callers, destination, now).map(|_| ())
}

async fn outbox(running: &Control) -> Value {
    let answer = request(running, "GET", "/@outbox", "").await;
    assert_eq!(answer.status, 200, "{}", answer.head);
    serde_json::from_str(&answer.body).expect("it is JSON")
}

#[tokio::test]
async fn what_goes_nowhere_is_kept_and_answered() {
    let running = serve("services-outbox", |_| {}).await;
    assert_eq!(
        outbox(&running).await,
        json!({"dropped": 0, "requests": []})
    );
    let mut client = connect(&running).await.expect("everybody may");
    let said = r#"{"action":"queue","n":1}"#;
    let answer: Value = serde_json::from_str(&ask(&mut client, said).await).expect("JSON");
    let id = &answer["SendMessageResponse"]["SendMessageResult"]["MessageId"];
    assert!(id.is_string(), "{answer}");
    let kept = outbox(&running).await;
    let kept = &kept["requests"][0];
    assert_eq!(kept["service"], "sqs");
    assert_eq!(kept["action"], "SendMessage");
    assert_eq!(
        kept["credentialsArn"],
        "arn:aws:iam::000000000000:role/queue"
    );
    assert_eq!(kept["path"], "/000000000000/queue");
    assert_eq!(kept["parameters"]["MessageBody"], said);
    let url = running
        .outbox_url()
        .expect("there are services without an address");
    assert!(url.ends_with("/@outbox"), "{url}");
    // A service that nothing is known of is an error, and the request is shown all the same.
    let error = ask(&mut client, r#"{"action":"bucket"}"#).await;
    assert!(error.contains("Internal server error"), "{error}");
    assert_eq!(outbox(&running).await["requests"][1]["path"], "/bucket/key");
    // Without `--vpc-link`.
    let error = ask(&mut client, r#"{"action":"private"}"#).await;
    assert!(error.contains("Internal server error"), "{error}");
    let answer = request(&running, "DELETE", "/@outbox", "").await;
    assert_eq!(answer.status, 204);
    assert_eq!(outbox(&running).await["requests"], json!([]));
    let answer = request(&running, "POST", "/@outbox", "").await;
    assert_eq!(answer.status, 405);
    running.shutdown().await;
}

#[tokio::test]
async fn a_service_and_a_vpc_link_are_where_the_options_say() {
    let (url, requests) = backend().await;
    let running = serve("services-endpoint", |options| {
        options
            .endpoints
            .insert("SQS".to_owned(), format!("{url}/aws"));
        options.endpoints.insert("S3".to_owned(), url.clone());
        let links = &mut options.settings.vpc_links;
        links.insert("abc123".to_owned(), format!("{url}/base"));
    })
    .await;
    assert_eq!(running.outbox_url(), None);
    let mut client = connect(&running).await.expect("everybody may");
    assert_eq!(ask(&mut client, r#"{"action":"queue"}"#).await, "ok");
    assert_eq!(ask(&mut client, r#"{"action":"private"}"#).await, "ok");
    let requests = requests.lock().expect("a list").clone();
    let [queue, private] = &*requests else {
        panic!("two requests, got {requests:?}")
    };
    assert!(
        queue.starts_with("POST /aws/000000000000/queue HTTP/1.1\r\n"),
        "{queue}"
    );
    assert_eq!(signed_by_the_functions(queue), Ok(()), "{queue}");
    let form = "\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    assert!(queue.contains(form), "{queue}");
    assert!(queue.ends_with("Action=SendMessage&MessageBody=%7B%22action%22%3A%22queue%22%7D"));
    assert!(
        private.starts_with("POST /base/in HTTP/1.1\r\n"),
        "{private}"
    );
    assert_eq!(outbox(&running).await["requests"], json!([]));
    running.shutdown().await;
}
