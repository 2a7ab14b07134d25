//! A plan names what changed between two assemblies, and nothing else.

use std::path::Path;

use proptest::prelude::*;
use stack::{Assembly, Change, FunctionPart, NeedsRestart, Plan, Refusal, Settings, TablePart};

/// The repository's template, with tables of its own kind.
const TEMPLATE: &str = include_str!("../../template.yaml");

const ROWS: &str = "
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: rows
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: k, AttributeType: S}]
      KeySchema: [{AttributeName: k, KeyType: HASH}]

Outputs:";

fn text() -> String {
    TEMPLATE.replacen("\nOutputs:", ROWS, 1)
}

fn parse(text: &str, settings: &Settings) -> Assembly {
    Assembly::parse("template.yaml", text, Path::new(""), settings)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The plan from the template to itself with each replacement done once.
fn plan(replacements: &[(&str, &str)]) -> Plan {
    let before = text();
    let mut after = before.clone();
    for (from, to) in replacements {
        let changed = after.replacen(from, to, 1);
        assert_ne!(changed, after, "`{from}` is in the template");
        after = changed;
    }
    let settings = Settings::default();
    Plan::between(&parse(&before, &settings), &parse(&after, &settings))
}

/// What can change, and what the plan for it says.
const EDITS: [(&str, &str, &str); 19] = [
    (
        "RouteSelectionExpression: $request.body.action",
        "RouteSelectionExpression: $request.body.kind",
        "rules",
    ),
    ("RouteKey: sendmessage", "RouteKey: send", "rules"),
    (
        "\"stage\": \"$context.stage\",",
        "\"stage\": \"$context.apiId\",",
        "rules",
    ),
    // Without the permission the authorizer's call is refused.
    (
        "${WebsocketApi}/authorizers/${TokenAuthorizer}",
        "${WebsocketApi}/authorizers/other",
        "rules",
    ),
    (
        "        Binary: connect\n",
        "        Binary: greet\n",
        "function `OnConnectFunction` changed (code)",
    ),
    (
        "      Description: Notes a new connection\n",
        "      Handler: other\n",
        "function `OnConnectFunction` changed (handler)",
    ),
    (
        "      Description: Notes a new connection\n",
        "      Runtime: provided.al2\n",
        "function `OnConnectFunction` changed (runtime)",
    ),
    (
        "      Description: Notes a new connection\n",
        "      CodeUri: elsewhere/\n",
        "function `OnConnectFunction` changed (code)",
    ),
    (
        "      Description: Forgets a connection that closed\n",
        "      Timeout: 11\n",
        "function `OnDisconnectFunction` changed (timeout)",
    ),
    (
        "      Description: Forgets a connection that closed\n",
        "      MemorySize: 128\n",
        "function `OnDisconnectFunction` changed (memory size)",
    ),
    (
        "          STAGE: !Ref StageName\n",
        "          STAGE: other\n",
        "function `SendMessageFunction` changed (environment)",
    ),
    (
        "LogGroupName: !Sub /aws/lambda/${AWS::StackName}-sendmessage",
        "LogGroupName: logs",
        "function `SendMessageFunction` changed (logging)",
    ),
    (
        "      Description: Answers the connection that sent the message\n",
        "      FunctionName: send\n",
        "rules; function `SendMessageFunction` new; function `SendMessageFunction` removed",
    ),
    (
        "AttributeName: expiresAt",
        "AttributeName: goneAt",
        "table `ConnectionsTable` changed (time to live)",
    ),
    (
        "KeySchema: [{AttributeName: k, KeyType: HASH}]",
        concat!(
            "KeySchema: [{AttributeName: k, KeyType: HASH}]\n",
            "      StreamSpecification: {StreamViewType: KEYS_ONLY}"
        ),
        "table `Rows` changed (definition)",
    ),
    (
        "[{AttributeName: k, AttributeType: S}]",
        "[{AttributeName: k, AttributeType: N}]",
        "table `Rows` changed (key schema)",
    ),
    (
        "TableName: rows",
        "TableName: lines",
        "table `Rows` new; table `Rows` removed",
    ),
    (
        "\nOutputs:",
        "\n  More: {Type: AWS::Serverless::SimpleTable}\n\nOutputs:",
        "table `More` new",
    ),
    (
        "Description: Where clients connect to",
        "Description: Where they connect to",
        "nothing",
    ),
];

#[test]
fn one_change_is_named_alone() {
    for (from, to, expected) in EDITS {
        assert_eq!(plan(&[(from, to)]).to_string(), expected, "{from} -> {to}");
    }
}

#[test]
fn a_function_that_is_no_longer_called_is_removed() {
    let uri = "functions/${OnDisconnectFunction.Arn}/invocations";
    let other = "functions/${OnConnectFunction.Arn}/invocations";
    let plan = plan(&[(uri, other)]);
    assert!(plan.rules);
    let [change] = &plan.functions[..] else {
        panic!("{plan}")
    };
    assert_eq!(change.logical_id, "OnDisconnectFunction");
    assert_eq!(change.change, Change::Removed);
    assert!(change.arn.ends_with(":gatespec-OnDisconnectFunction"));
}

#[test]
fn a_new_key_schema_is_refused_by_name() {
    let plan = plan(&[
        (
            "[{AttributeName: k, AttributeType: S}]",
            "[{AttributeName: l, AttributeType: S}]",
        ),
        (
            "[{AttributeName: k, KeyType: HASH}]",
            "[{AttributeName: l, KeyType: HASH}]",
        ),
    ]);
    let [change] = &plan.tables[..] else {
        panic!("{plan}")
    };
    assert_eq!(change.change, Change::Changed(vec![TablePart::KeySchema]));
    let name = "rows".to_owned();
    assert_eq!(plan.refusals(), [Refusal::KeySchema { name }]);
    assert_eq!(
        plan.refusals()[0].to_string(),
        "the key schema of the table `rows` changes: give the table another name"
    );
}

#[test]
fn what_clients_and_functions_know_needs_a_restart() {
    let old = parse(&text(), &Settings::default());
    let with = |settings| Plan::between(&old, &parse(&text(), &settings)).restart;
    let pair = |old: &str, new: &str| (old.to_owned(), new.to_owned());
    let (default, eu) = pair("us-east-1", "eu-west-1");
    let region = Settings {
        region: eu.clone(),
        ..Settings::default()
    };
    assert_eq!(
        with(region),
        [NeedsRestart::Region {
            old: default,
            new: eu
        }]
    );
    let (old_account, new_account) = pair("000000000000", "111122223333");
    let account = Settings {
        account_id: new_account.clone(),
        ..Settings::default()
    };
    let expected = NeedsRestart::AccountId {
        old: old_account,
        new: new_account,
    };
    assert_eq!(with(account), [expected]);
    let (old_stage, new_stage) = pair("stage", "live");
    let mut stage = Settings::default();
    stage
        .parameters
        .insert("StageName".to_owned(), new_stage.clone());
    let expected = NeedsRestart::StageName {
        old: old_stage,
        new: new_stage,
    };
    assert_eq!(with(stage), [expected]);
    let renamed = text().replace("WebsocketApi", "Api");
    let plan = Plan::between(&old, &parse(&renamed, &Settings::default()));
    assert!(matches!(&plan.restart[..], [NeedsRestart::ApiId { .. }]));
    assert_eq!(plan.refusals().len(), 1);
}

#[test]
fn the_parts_are_for_programs_too() {
    let plan = plan(&[(
        "      Description: Notes a new connection\n",
        "      Timeout: 1\n",
    )]);
    assert_eq!(
        plan.functions[0].change,
        Change::Changed(vec![FunctionPart::Timeout])
    );
    assert!(plan.refusals().is_empty() && !plan.is_empty());
}

proptest! {
    // Whatever an assembly is, it is what it is: with any of the edits done, or several.
    #[test]
    fn from_an_assembly_to_itself_there_is_nothing(
        chosen in prop::collection::vec(any::<bool>(), EDITS.len()),
    ) {
        let mut text = text();
        for ((from, to, _), _) in EDITS.iter().zip(chosen).filter(|(_, chosen)| *chosen) {
            text = text.replacen(from, to, 1);
        }
        if let Ok(assembly) = Assembly::parse("t", &text, Path::new(""), &Settings::default()) {
            let again = parse(&text, &Settings::default());
            prop_assert!(Plan::between(&assembly, &again).is_empty());
            prop_assert_eq!(Plan::between(&assembly, &assembly.clone()).to_string(), "nothing");
        }
    }

    // Two edits of different things: a plan that names both, and nothing else.
    #[test]
    fn edits_add_up(first in 0..EDITS.len(), second in 0..EDITS.len()) {
        let (from, to, one) = EDITS[first];
        let (other_from, other_to, other) = EDITS[second];
        let texts = text().replacen(from, to, 1);
        prop_assume!(texts.contains(other_from) && first != second);
        let whole = plan(&[(from, to), (other_from, other_to)]).to_string();
        let names = |text: &str| -> Vec<String> {
            let parts = text.split("; ").filter(|part| *part != "nothing");
            parts.map(|part| part.split(" (").next().unwrap_or_default().to_owned()).collect()
        };
        let mut expected: Vec<String> = names(one).into_iter().chain(names(other)).collect();
        let mut found = names(&whole);
        expected.sort();
        expected.dedup();
        found.sort();
        // A function that is new is not changed as well.
        expected.retain(|part| !(part.ends_with(" changed") && expected_new(part, &found)));
        prop_assert_eq!(found, expected, "{}", whole);
    }
}

fn expected_new(changed: &str, found: &[String]) -> bool {
    found.contains(&changed.replace(" changed", " new"))
}
