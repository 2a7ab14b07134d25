//! Values: what references evaluate to, with the classes that Java would give them.

mod collection;
mod print;

use std::cell::Cell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use num_bigint::BigInt;

pub use self::collection::{Entry, Iter, List, ListKind, Map, View, ViewKind};
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

    /// Writes the text that a method answers to where it is printed, when the object can do so without making it first, and
    /// answers how many bytes the text has. `None` when it cannot: then [`Object::call`] is asked, which must answer the same.
    ///
    /// With `replacing` the template goes on with `.replaceAll("literal", "by")`, both without any special character:
    /// `by` is to be written in the place of every `literal`, and the bytes are those of the text before.
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

    /// The value that the object stands for, when it is only a cheaper form of one: asked when anything but a property
    /// is wanted of it.
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

    /// What Java's `toString()` answers; a defined block counts as empty here, since printing one takes a rendering.
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

    /// Java's `equals`: same class, same contents. Lists that hold themselves are never equal.
    pub fn java_equals(&self, other: &Value<'a>) -> bool {
        self.equals_within(other, MAX_DEPTH)
    }

    fn equals_within(&self, other: &Value<'a>, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Char(left), Value::Char(right)) => left == right,
            (Value::Int(left), Value::Int(right)) => left == right,
            (Value::Long(left), Value::Long(right)) => left == right,
            (Value::BigInt(left), Value::BigInt(right)) => left == right,
            (Value::Float(left), Value::Float(right)) => left.to_bits() == right.to_bits(),
            (Value::Double(left), Value::Double(right)) => left.to_bits() == right.to_bits(),
            (Value::Decimal(left), Value::Decimal(right)) => left == right,
            (Value::String(left), Value::String(right)) => left == right,
            (Value::List(left), Value::List(right)) => left.equals_within(right, depth),
            (Value::Map(left), Value::Map(right)) => left.equals_within(right, depth),
            (Value::View(left), Value::View(right)) => left.equals_within(right, depth),
            (Value::Entry(left), Value::Entry(right)) => {
                left.key.equals_within(&right.key, depth)
                    && left.value().equals_within(&right.value(), depth)
            }
            (Value::Iter(left), Value::Iter(right)) => Rc::ptr_eq(left, right),
            (Value::Block(left), Value::Block(right)) => Rc::ptr_eq(left, right),
            // An empty scope is an empty map.
            (Value::Scope(left), Value::Scope(right)) => {
                left.storage.equals_within(&right.storage, depth)
            }
            (Value::Scope(scope), Value::Map(map)) | (Value::Map(map), Value::Scope(scope)) => {
                scope.storage.equals_within(map, depth)
            }
            (Value::Object(left), Value::Object(right)) => Rc::ptr_eq(left, right),
            _ => false,
        }
    }

    /// Java's `hashCode`, as far as it is defined by contents.
    pub(crate) fn hash_code(&self) -> i32 {
        self.hash_within(MAX_DEPTH)
    }

    fn hash_within(&self, depth: usize) -> i32 {
        let Some(depth) = depth.checked_sub(1) else {
            return 0;
        };
        let long = |value: i64| (value ^ (value as u64 >> 32) as i64) as i32;
        match self {
            Value::Null => 0,
            Value::Bool(true) => 1231,
            Value::Bool(false) => 1237,
            Value::Char(unit) => i32::from(*unit),
            Value::Int(value) => *value,
            Value::Long(value) => long(*value),
            Value::BigInt(value) => crate::number::big_hash(value),
            Value::Float(value) => value.to_bits() as i32,
            Value::Double(value) => long(value.to_bits() as i64),
            Value::Decimal(value) => value.hash_code(),
            Value::String(text) => text.hash_code(),
            Value::List(list) if list.kind() == ListKind::Set => {
                list.items().iter().fold(0, |hash: i32, item| {
                    hash.wrapping_add(item.hash_within(depth))
                })
            }
            Value::List(list) => list.items().iter().fold(1, |hash: i32, item| {
                hash.wrapping_mul(31).wrapping_add(item.hash_within(depth))
            }),
            Value::Map(map) => map.hash_within(depth),
            Value::Scope(scope) => scope.storage.hash_within(depth),
            Value::View(view) => view.snapshot().iter().fold(0, |hash: i32, item| {
                hash.wrapping_add(item.hash_within(depth))
            }),
            Value::Entry(entry) => entry.key.hash_within(depth) ^ entry.value().hash_within(depth),
            Value::Object(object) => match object.resolve() {
                Ok(Some(value)) => value.hash_within(depth),
                _ => 0,
            },
            Value::Iter(_) | Value::Block(_) => 0,
        }
    }

    /// Whether Java's hash code of it comes from where it lies in memory, or from that of something in it.
    pub(crate) fn has_identity(&self) -> bool {
        self.identity_within(MAX_DEPTH)
    }

    fn identity_within(&self, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        match self {
            Value::Iter(_) | Value::Block(_) => true,
            Value::Object(object) => match object.resolve() {
                Ok(Some(value)) => value.identity_within(depth),
                _ => true,
            },
            Value::List(list) => {
                matches!(list.kind(), ListKind::Array(_))
                    || list.items().iter().any(|item| item.identity_within(depth))
            }
            Value::Map(map) => Value::entries_have_identity(map, depth),
            Value::Scope(scope) => Value::entries_have_identity(&scope.storage, depth),
            Value::View(view) if view.kind == ViewKind::Values => true,
            Value::View(view) => {
                let items = view.snapshot();
                items.iter().any(|item| item.identity_within(depth))
            }
            Value::Entry(entry) => {
                entry.key.identity_within(depth) || entry.value().identity_within(depth)
            }
            _ => false,
        }
    }

    fn entries_have_identity(map: &Map<'a>, depth: usize) -> bool {
        let mut entries = map.entries().into_iter();
        entries.any(|(key, value)| key.identity_within(depth) || value.identity_within(depth))
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
            other => other.hash_code().hash(state),
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
