//! Who connects is in the chat, `join` gives them a name, and what one says in Rust, all hear.

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::{Client as Management, config as management};
use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_http_client::{Builder, tls};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

struct Chat {
    config: SdkConfig,
    dynamodb: DynamoDb,
    table: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let client = Builder::new().tls_provider(provider).build_https();
    let config = aws_config::from_env().http_client(client).load().await;
    let chat = Chat {
        dynamodb: DynamoDb::new(&config),
        table: std::env::var("TABLE_NAME")?,
        config,
    };
    run(service_fn(|event: LambdaEvent<Value>| chat.answer(event.payload))).await
}

impl Chat {
    async fn answer(&self, event: Value) -> Result<Value, Error> {
        let context = &event["requestContext"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let body: Value = serde_json::from_str(&text(&event["body"])).unwrap_or_default();
        let id = text(&context["connectionId"]);
        match text(&context["routeKey"]).as_str() {
            "$connect" => self.name(id, String::new()).await?,
            "$disconnect" => self.remove(id).await?,
            "join" => self.name(id, text(&body["name"])).await?,
            _ => self.say(context, &id, &text(&body["text"])).await?,
        }
        Ok(json!({"statusCode": 200}))
    }

    async fn name(&self, id: String, name: String) -> Result<(), Error> {
        let item = self.dynamodb.put_item().table_name(&self.table);
        let item = item.item("connectionId", AttributeValue::S(id));
        item.item("name", AttributeValue::S(name)).send().await?;
        Ok(())
    }

    async fn remove(&self, id: String) -> Result<(), Error> {
        let item = self.dynamodb.delete_item().table_name(&self.table);
        item.key("connectionId", AttributeValue::S(id)).send().await?;
        Ok(())
    }

    async fn say(&self, context: &Value, from: &str, text: &str) -> Result<(), Error> {
        let [domain, stage] = ["domainName", "stage"].map(|key| context[key].as_str().unwrap_or_default());
        let endpoint = format!("https://{domain}/{stage}");
        let config = management::Builder::from(&self.config).endpoint_url(endpoint).build();
        let management = Management::from_conf(config);
        let members = self.dynamodb.scan().table_name(&self.table);
        let members = members.into_paginator().items().send();
        let members = members.collect::<Result<Vec<_>, _>>().await?;
        let text_of = |member: &std::collections::HashMap<String, AttributeValue>, key: &str| {
            let value = member.get(key).and_then(|value| value.as_s().ok());
            value.cloned().unwrap_or_default()
        };
        let own = members.iter().find(|member| text_of(member, "connectionId") == from);
        let name = own.map(|member| text_of(member, "name")).unwrap_or_default();
        let data = json!({"by": "rust", "name": name, "text": text}).to_string();
        for member in &members {
            let id = text_of(member, "connectionId");
            let post = management.post_to_connection().connection_id(&id);
            let posted = post.data(data.clone().into_bytes().into()).send().await;
            match posted.map_err(|error| error.into_service_error()) {
                Err(error) if error.is_gone_exception() => self.remove(id).await?,
                posted => drop(posted?),
            }
        }
        Ok(())
    }
}
