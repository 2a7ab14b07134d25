//! Functions that call the address which they have on AWS. Needs Node and Python (feature
//! `runtimes`).

mod support;

use gateway::Options;
use rstest::rstest;
use support::{ask, code_folder, connect, javascript, start};

/// Posts to whoever called what the code in the message gives, and answers with what comes of it.
const NODE: &str = "
import https from 'node:https';

const post = (url, body) => new Promise((resolve, reject) => {
  const request = https.request(url, { method: 'POST' }, (response) => {
    response.resume().on('end', () => resolve(`${response.statusCode}`));
  });
  request.on('error', reject).end(body);
});

export const handler = async (event) => {
  const { domainName, stage, connectionId, apiId } = event.requestContext;
  const { url } = JSON.parse(event.body);
  const base = url.replace('DOMAIN', domainName).replace('STAGE', stage).replace('API', apiId);
  const path = `/@connections/${encodeURIComponent(connectionId)}`;
  try {
    return { statusCode: 200, body: `posted ${await post(base + path, 'home')}` };
  } catch (error) {
    return { statusCode: 200, body: `failed ${error}` };
  }
};";

const PYTHON: &str = "
import json
import urllib.parse
import urllib.request

def handler(event, context):
    of = event['requestContext']
    url = json.loads(event['body'])['url']
    url = url.replace('DOMAIN', of['domainName']).replace('STAGE', of['stage'])
    url = url.replace('API', of['apiId'])
    url += '/@connections/' + urllib.parse.quote(of['connectionId'])
    try:
        with urllib.request.urlopen(url, b'home') as response:
            return {'statusCode': 200, 'body': f'posted {response.status}'}
    except Exception as error:
        return {'statusCode': 200, 'body': f'failed {error!r}'}
";

#[rstest]
#[case::node("nodejs22.x", "app.mjs", NODE)]
#[case::python("python3.12", "app.py", PYTHON)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_domain_and_the_stage_of_the_event_lead_home(
    #[case] runtime: &str,
    #[case] file: &str,
    #[case] code: &str,
) {
    let folder = code_folder(&format!("home-{runtime}"), &[(file, code)]);
    let running = start(Options::new(javascript(&folder, runtime, "app.handler"))).await;
    let mut client = connect(&running).await.unwrap();
    let message = r#"{"url": "https://DOMAIN/STAGE"}"#;
    // What the function posts comes before what it answers.
    assert_eq!(ask(&mut client, message).await, "home");
    assert_eq!(support::receive(&mut client).await, "posted 200");
    running.shutdown().await;
}
