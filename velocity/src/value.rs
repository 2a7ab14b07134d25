//! Values: what references evaluate to, with their Java classes.

mod collection;
mod compare;
pub(crate) mod frame;
mod print;
mod release;

use std::cell::Cell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use num_bigint::BigInt;

pub use self::collection::{Entry, Iter, List, ListKind, Map, View, ViewKind};
use self::compare::Walk;
use self::frame::FrameRef;
pub(crate) use self::print::{Blocks, NoBlocks, write_text};
use crate::ast::Block;
use crate::error::Failure;
use crate::number::{Decimal, Number};
use crate::text::{Text, TextBuf};

/// A value. Lists and maps are shared: a change is visible through every reference to them.
#[derive(Clone)]
pub enum Value<'a> {
    /// Null.
    Null,
    /// `Boolean`.
    Bool(bool),
    /// `Character`: one UTF-16 unit.
    Char(u16),
    /// `Integer`.
    Int(i32),
    /// `Long`.
    Long(i64),
    /// `BigInteger`.
    BigInt(Arc<BigInt>),
    /// `Float`.
    Float(f32),
    /// `Double`.
    Double(f64),
    /// `BigDecimal`.
    Decimal(Arc<Decimal>),
    /// `String`.
    String(Text<'a>),
    /// A list, an array or a set.
    List(List<'a>),
    /// A map in the order of insertion.
    Map(Map<'a>),
    /// A live view of the keys, values or entries of a map.
    View(View<'a>),
    /// An entry of a map.
    Entry(Rc<Entry<'a>>),
    /// What `iterator()` returns.
    Iter(Rc<Iter<'a>>),
    /// What `#define` defined.
    Block(Rc<DefinedBlock<'a>>),
    /// `$foreach`.
    Scope(Rc<LoopScope<'a>>),
    /// A host object.
    Object(Rc<dyn Object<'a> + 'a>),
}

/// A host object: its properties, methods and text are defined by the host.
pub trait Object<'a> {
    /// What to call it in errors.
    fn class_name(&self) -> &str;

    /// The property `name`; `None` if there is none.
    ///
    /// # Errors
    /// If the property exists but cannot be read.
    fn property(&self, name: &str) -> Result<Option<Value<'a>>, Failure> {
        let _ = name;
        Ok(None)
    }

    /// Sets the property `name`; false if there is none.
    ///
    /// # Errors
    /// If the property exists but cannot be set to this value.
    fn set_property(&self, name: &str, value: &Value<'a>) -> Result<bool, Failure> {
        let _ = (name, value);
        Ok(false)
    }

    /// Calls a method; `None` if there is none that accepts these arguments.
    ///
    /// # Errors
    /// If the method throws.
    fn call(&self, method: &str, arguments: &[Value<'a>]) -> Result<Option<Value<'a>>, Failure> {
        let _ = (method, arguments);
        Ok(None)
    }

    /// How many bytes a call may look at: it counts towards the bound of steps.
    fn looks_at(&self, method: &str, arguments: &[Value<'a>]) -> usize {
        let _ = (method, arguments);
        0
    }

    /// Writes a method's text directly to the output and returns its length in bytes. `None` if the
    /// object cannot do that: then [`Object::call`] is used, which must give the same text.
    ///
    /// With `replacing`, the template continues with `.replaceAll("literal", "by")`, both without
    /// special characters: write `by` for every `literal`, but return the length of the text before
    /// the replacement.
    ///
    /// # Errors
    /// If the method throws.
    fn write_call(
        &self,
        method: &str,
        arguments: &[Value<'a>],
        replacing: Option<(&str, &str)>,
        out: &mut TextBuf,
    ) -> Result<Option<usize>, Failure> {
        let _ = (method, arguments, replacing, out);
        Ok(None)
    }

    /// The value that the object stands for, if it is only a cheaper form of one. Used for
    /// everything but properties.
    ///
    /// # Errors
    /// If the value cannot be computed.
    fn resolve(&self) -> Result<Option<Value<'a>>, Failure> {
        Ok(None)
    }

    /// What it prints as.
    fn print(&self, out: &mut TextBuf) {
        out.push_str(self.class_name());
    }
}

/// What `#define` puts into the context: a block, and the scope it was defined in.
pub struct DefinedBlock<'a> {
    pub(crate) body: Block,
    pub(crate) frame: FrameRef<'a>,
    /// How many renderings of it are in progress.
    pub(crate) depth: Cell<u32>,
    pub(crate) max_depth: u32,
}

/// `$foreach`: where the loop is.
pub struct LoopScope<'a> {
    /// The loop that it belongs to.
    pub(crate) owner: usize,
    pub(crate) index: Cell<i32>,
    pub(crate) has_next: Cell<bool>,
    pub(crate) parent: Option<Rc<LoopScope<'a>>>,
    /// What `$foreach` was before, if it was not a loop's.
    pub(crate) replaced: Value<'a>,
    /// What the template put into it.
    pub(crate) storage: Map<'a>,
}

impl<'a> Value<'a> {
    /// A string.
    pub fn text(text: impl Into<Text<'a>>) -> Self {
        Value::String(text.into())
    }

    /// A list as templates make them: prints as `[a, b]`.
    pub fn list(items: Vec<Value<'a>>) -> Self {
        Value::List(List::new(ListKind::Plain, items))
    }

    /// Whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<Number> {
        Some(match self {
            Value::Int(value) => Number::Int(*value),
            Value::Long(value) => Number::Long(*value),
            Value::BigInt(value) => Number::Big(Arc::clone(value)),
            Value::Float(value) => Number::Float(*value),
            Value::Double(value) => Number::Double(*value),
            Value::Decimal(value) => Number::Decimal(Arc::clone(value)),
            _ => return None,
        })
    }

    /// The string, if it is one.
    pub fn as_text(&self) -> Option<&Text<'a>> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Java's `toString()`. A defined block counts as empty here, since printing one requires a
    /// rendering.
    ///
    /// # Errors
    /// If the value contains itself.
    pub fn to_text(&self) -> Result<Text<'a>, Failure> {
        if let Value::String(text) = self {
            return Ok(text.clone());
        }
        let mut out = TextBuf::new();
        write_text(self, &mut out, &mut NoBlocks)?;
        Ok(out.into_text())
    }

    /// Java's `equals`: same class, same contents. A value that contains itself, or is too large to
    /// compare, equals only itself.
    pub fn java_equals(&self, other: &Value<'a>) -> bool {
        Walk::default()
            .equal(self, other, MAX_DEPTH)
            .unwrap_or(false)
    }

    /// Java's `hashCode`, if it depends on the contents alone; `None` if the value contains itself
    /// or is too large.
    pub(crate) fn hash_code(&self) -> Option<i32> {
        Walk::default().hash(self, MAX_DEPTH)
    }

    /// Whether Java's hash code depends on the address of the value or of something in it.
    pub(crate) fn has_identity(&self) -> bool {
        Walk::default().identity(self, MAX_DEPTH).unwrap_or(false)
    }

    /// The short name of the Java class, for errors.
    pub(crate) fn class_name(&self) -> &str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "Boolean",
            Value::Char(_) => "Character",
            Value::Int(_) => "Integer",
            Value::Long(_) => "Long",
            Value::BigInt(_) => "BigInteger",
            Value::Float(_) => "Float",
            Value::Double(_) => "Double",
            Value::Decimal(_) => "BigDecimal",
            Value::String(_) => "String",
            Value::List(list) => match list.kind() {
                ListKind::Plain => "ArrayList",
                ListKind::Json => "JSONArray",
                ListKind::Array(_) => "array",
                ListKind::Set => "Set",
                ListKind::Fixed => "List",
            },
            Value::Map(_) => "Map",
            Value::View(_) => "Collection",
            Value::Entry(_) => "Entry",
            Value::Iter(_) => "Iterator",
            Value::Block(_) => "Block",
            Value::Scope(_) => "ForeachScope",
            Value::Object(object) => object.class_name(),
        }
    }
}

/// How deep values are compared, hashed and printed before they count as containing themselves.
pub(crate) const MAX_DEPTH: usize = 200;

/// Java's `equals` and a matching hash: values are keys of maps.
impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.java_equals(other)
    }
}

impl Eq for Value<'_> {}

impl Hash for Value<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Value::String(text) => text.hash(state),
            other => other.hash_code().unwrap_or(0).hash(state),
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::String(text) => write!(f, "{text:?}"),
            other => match other.to_text() {
                Ok(text) => write!(f, "{}({text})", other.class_name()),
                Err(_) => write!(f, "{}(…)", other.class_name()),
            },
        }
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i32> for Value<'_> {
    fn from(value: i32) -> Self {
        Value::Int(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Value::Long(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Value::Double(value)
    }
}

impl From<Number> for Value<'_> {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(value) => Value::Int(value),
            Number::Long(value) => Value::Long(value),
            Number::Big(value) => Value::BigInt(value),
            Number::Float(value) => Value::Float(value),
            Number::Double(value) => Value::Double(value),
            Number::Decimal(value) => Value::Decimal(value),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Value::String(Text::from(value))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Value::String(Text::from(value))
    }
}

impl<'a> From<Text<'a>> for Value<'a> {
    fn from(value: Text<'a>) -> Self {
        Value::String(value)
    }
}

impl<'a> From<Vec<Value<'a>>> for Value<'a> {
    fn from(items: Vec<Value<'a>>) -> Self {
        Value::list(items)
    }
}

impl<'a> From<Map<'a>> for Value<'a> {
    fn from(map: Map<'a>) -> Self {
        Value::Map(map)
    }
}

/// A length or an index as Java's `int`.
pub(crate) fn int<'a>(value: usize) -> Value<'a> {
    Value::Int(i32::try_from(value).unwrap_or(i32::MAX))
}
