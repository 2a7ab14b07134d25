//! Where functions' code is: beside the template, or in it; and their layers.

use super::*;

#[test]
fn a_function_has_its_layers_in_their_order() {
    let globals = "Globals: {Function: {Layers: [!Ref Common]}}";
    let resources = "
  Common:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layers/common, CompatibleRuntimes: [nodejs22.x]}
  Own:
    Type: AWS::Lambda::LayerVersion
    Properties: {LayerName: own, Content: layers/own}
  Zipped:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layers/zipped.zip}
  Elsewhere:
    Type: AWS::Lambda::LayerVersion
    Properties: {Content: {S3Bucket: b, S3Key: k}}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      Handler: app.handler
      Runtime: nodejs22.x
      Layers:
        - !Ref Own
        - !GetAtt Zipped.LayerVersionArn
        - !Ref Elsewhere
        - 'arn:aws:lambda:us-east-1:1:layer:elsewhere:3'
";
    let assembly = read(globals, resources, &[]).unwrap();
    let layers = assembly.functions()[0].layers.iter();
    let contents: Vec<&Path> = layers.map(|layer| &*layer.content).collect();
    let expected = ["common", "own", "zipped.zip"].map(|name| Path::new("dir/layers").join(name));
    assert_eq!(contents, expected);
    let warnings = assembly.warnings().iter().map(ToString::to_string);
    let warnings = warnings.collect::<Vec<_>>().join("\n");
    assert!(
        warnings
            .contains("layer `Elsewhere` is the object `k` of a bucket, and there is no `dir/k`"),
        "{warnings}"
    );
    assert!(
        warnings.contains("elsewhere:3` of `F` is not in this"),
        "{warnings}"
    );
}

/// The code of a function with this resource, and the warnings.
fn code(resource: &str) -> (Code, String) {
    let assembly = read("", resource, &[]).expect("what is wrong with a function is a warning");
    let warnings = assembly.warnings().iter().map(ToString::to_string);
    let warnings = warnings.collect::<Vec<_>>().join("\n");
    (assembly.functions()[0].code.clone(), warnings)
}

#[test]
fn inline_code_is_kept_as_it_is_written() {
    let (of_lambda, warnings) = code(
        "
  F:
    Type: AWS::Lambda::Function
    Properties:
      Code:
        ZipFile: !Sub |
          exports.handler = async () => '${AWS::Region}';
      Handler: index.handler
      Runtime: nodejs22.x
",
    );
    assert_eq!(of_lambda.directory, Path::new("dir/."));
    let text = "exports.handler = async () => 'us-east-1';\n";
    assert_eq!(of_lambda.inline.as_deref(), Some(text));
    assert_eq!(of_lambda.unsupported, None);
    assert_eq!(warnings, "");
    let (of_sam, warnings) = code(
        "
  F:
    Type: AWS::Serverless::Function
    Properties: {InlineCode: 'x = 1', Handler: app.handler, Runtime: python3.12}
",
    );
    assert_eq!(of_sam.inline.as_deref(), Some("x = 1"));
    assert!(
        warnings.contains("begins with `index.` finds it, `app.handler` does not"),
        "{warnings}"
    );
    let (of_java, _) = code(
        "
  F:
    Type: AWS::Lambda::Function
    Properties: {Code: {ZipFile: 'class'}, Handler: index.handler, Runtime: java21}
",
    );
    let reason = of_java.unsupported.expect("Java is compiled");
    assert!(reason.contains("inline"), "{reason}");
}

#[test]
fn code_in_a_bucket_is_not_beside_the_template() {
    let (code, _) = code(
        "
  F:
    Type: AWS::Lambda::Function
    Properties: {Code: {S3Bucket: b, S3Key: k}, Handler: index.handler, Runtime: nodejs22.x}
",
    );
    let reason = code.unsupported.expect("it is elsewhere");
    assert_eq!(
        reason,
        "its code is the object `k` of a bucket, and there is no `dir/k`"
    );
}
