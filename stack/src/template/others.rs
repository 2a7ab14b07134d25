//! Values from other stacks: `Fn::GetStackOutput`, `Fn::ImportValue`, the outputs of nested stacks,
//! and what the CDK carries from one region to another.
//!
//! Sources:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getstackoutput.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-importvalue.html>,
//! `aws-cdk-lib/core/lib/custom-resource-provider/cross-region-export-providers`

use crate::document::source::Source;
use crate::document::value::Value;
use crate::error::{Error, Span};
use crate::template::intrinsics::StackOutput;
use crate::template::names::Identity;
use crate::template::stack::{Stack, Visiting};

/// The types of nested stacks; the second is SAM's.
pub(crate) const NESTED: [&str; 2] = ["AWS::CloudFormation::Stack", "AWS::Serverless::Application"];
/// What an attribute of a nested stack that is one of its outputs begins with.
pub(crate) const OUTPUTS: &str = "Outputs.";

/// A type of the CDK's resources that carry values from one region to another: the property in
/// which they stand, and the map in it.
pub(crate) struct Carrier {
    pub(crate) kind: &'static str,
    pub(crate) property: &'static str,
    pub(crate) map: &'static str,
}

pub(crate) const READER: Carrier = Carrier {
    kind: "Custom::CrossRegionExportReader",
    property: "ReaderProps",
    map: "imports",
};
pub(crate) const WRITER: Carrier = Carrier {
    kind: "Custom::CrossRegionExportWriter",
    property: "WriterProps",
    map: "exports",
};

type Result<T> = std::result::Result<T, Error>;

/// What a template asks of the others.
pub(crate) trait Others<'t> {
    /// The texts of all templates.
    fn source(&self) -> &'t Source;

    /// What a type of resources is called by; `None` for a type that nothing is known of.
    fn identity(&self, kind: &str) -> Option<&'static Identity>;

    /// What is being followed in any of them.
    fn visiting(&self) -> &Visiting;

    /// What `Fn::GetStackOutput` gives.
    fn output_of(&'t self, named: &StackOutput, span: &Span) -> Result<Value>;

    /// What `Fn::ImportValue` gives.
    fn imported(&'t self, export: &str, span: &Span) -> Result<Value>;

    /// What `Fn::GetAtt` gives of an output of the stack that is the resource `id` of `of`.
    fn output_of_nested(
        &'t self,
        of: &'t Stack,
        id: &str,
        output: &str,
        span: &Span,
    ) -> Result<Value>;

    /// A value that the CDK carries from another region.
    fn carried(&'t self, name: &str, span: &Span) -> Result<Value>;
}
