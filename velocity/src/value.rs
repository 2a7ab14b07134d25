//! Values: what references evaluate to, with the classes that Java would give them.

mod collection;
mod compare;
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
pub(crate) use self::print::{Blocks, NoBlocks, write_text};
use crate::ast::Block;
use crate::error::Failure;
use crate::eval::Frame;
use crate::number::{Decimal, Number};
use crate::text::{Text, TextBuf};

/// A value. Lists and maps are shared: what a template changes shows in every reference to them.
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
    /// The keys, values or entries of a map, as the map is now.
    View(View<'a>),
    /// An entry of a map.
    Entry(Rc<Entry<'a>>),
    /// What `iterator()` answers.
    Iter(Rc<Iter<'a>>),
    /// What `#define` defined.
    Block(Rc<DefinedBlock<'a>>),
    /// `$foreach`.
    Scope(Rc<LoopScope<'a>>),
    /// An object of the host.
    Object(Rc<dyn Object<'a> + 'a>),
}

/// An object of the host: properties, methods and text as the host defines them.
pub trait Object<'a> {
    /// What to call it in errors.
    fn class_name(&self) -> &str;

    /// The property `name`; `None` when there is none.
    ///
    /// # Errors
    /// When the property exists and cannot be had.
    fn property(&self, name: &str) -> Result<Option<Value<'a>>, Failure> {
        let _ = name;
        Ok(None)
    }

    /// Sets the property `name`; false when there is none.
    ///
    /// # Errors
    /// When the property exists and cannot be set so.
    fn set_property(&self, name: &str, value: &Value<'a>) -> Result<bool, Failure> {
        let _ = (name, value);
        Ok(false)
    }

    /// Calls a method; `None` when there is none that takes these arguments.
    ///
    /// # Errors
    /// When the method throws.
    fn call(&self, method: &str, arguments: &[Value<'a>]) -> Result<Option<Value<'a>>, Failure> {
        let _ = (method, arguments);
        Ok(None)
    }

    /// Writes the text that a method answers to where it is printed, when the object can do so
    /// without making it first, and answers how many bytes the text has. `None` when it cannot:
    /// then [`Object::call`] is asked, which must answer the same.
    ///
    /// With `replacing` the template goes on with `.replaceAll("literal", "by")`, both without any
    /// special character: `by` is to be written in the place of every `literal`, and the bytes are
    /// those of the text before.
    ///
    /// # Errors
    /// When the method throws.
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

    /// The value that the object stands for, when it is only a cheaper form of one: asked when
    /// anything but a property is wanted of it.
    ///
    /// # Errors
    /// When the value cannot be had.
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
    pub(crate) frame: Option<Rc<Frame<'a>>>,
    /// How many renderings of it are under way.
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
    /// What `$foreach` was before, when it was no loop's.
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

    /// Whether this is null.
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

    /// What Java's `toString()` answers; a defined block counts as empty here, since printing one
    /// takes a rendering.
    ///
    /// # Errors
    /// When the value contains itself.
    pub fn to_text(&self) -> Result<Text<'a>, Failure> {
        if let Value::String(text) = self {
            return Ok(text.clone());
        }
        let mut out = TextBuf::new();
        write_text(self, &mut out, &mut NoBlocks)?;
        Ok(out.into_text())
    }

    /// Java's `equals`: same class, same contents. What holds itself, or is too large to go
    /// through, is equal only to itself.
    pub fn java_equals(&self, other: &Value<'a>) -> bool {
        Walk::default()
            .equal(self, other, MAX_DEPTH)
            .unwrap_or(false)
    }

    /// Java's `hashCode`, as far as it is defined by contents; `None` for what holds itself or is
    /// too large to go through.
    pub(crate) fn hash_code(&self) -> Option<i32> {
        Walk::default().hash(self, MAX_DEPTH)
    }

    /// Whether Java's hash code of it comes from where it lies in memory, or from that of something
    /// in it.
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

/// How deep values are compared, hashed and printed before they count as holding themselves.
pub(crate) const MAX_DEPTH: usize = 200;

/// Java's `equals` and a hash that goes with it: values are keys of maps.
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
