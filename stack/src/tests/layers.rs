//! Layers: folders beside the template that functions name.

use std::path::PathBuf;

use super::*;

#[test]
fn a_function_has_its_layers_folders_in_their_order() {
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
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      Handler: app.handler
      Runtime: nodejs22.x
      Layers: [!Ref Own, !Ref Zipped, 'arn:aws:lambda:us-east-1:1:layer:elsewhere:3']
";
    let assembly = read(globals, resources, &[]).unwrap();
    let folders = ["dir/layers/common", "dir/layers/own"].map(PathBuf::from);
    assert_eq!(assembly.functions()[0].layers, folders);
    let warnings = assembly.warnings().iter().map(ToString::to_string);
    let warnings = warnings.collect::<Vec<_>>().join("\n");
    assert!(
        warnings.contains("layer `Zipped` is not a folder"),
        "{warnings}"
    );
    assert!(
        warnings.contains("elsewhere:3` of `F` is not in this"),
        "{warnings}"
    );
}
