//! JSON as the validator sees it: numbers keep their text, texts may hold lone surrogates, and every
//! value knows its offset. Of a name that an object has twice the last value counts, in the place
//! of the first.

use std::collections::HashMap;

use velocity::Text;

use super::number::Number;
use super::{Build, NotJson, Scalar};

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) value: Value<'a>,
    /// The offset in bytes of its first character.
    pub(crate) at: usize,
}

/// A JSON value.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number<'a>),
    String(Text<'a>),
    Array(Vec<Node<'a>>),
    Object(Object<'a>),
}

/// The members of an object, in the order of their first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object<'a> {
    members: Vec<Member<'a>>,
    /// Indexes by name, once there are many.
    index: Option<HashMap<Text<'a>, usize>>,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member<'a> {
    pub(crate) name: Text<'a>,
    /// The offset in bytes of the name.
    pub(crate) at: usize,
    pub(crate) node: Node<'a>,
}

/// From how many members on an object is indexed.
const INDEXED: usize = 12;

/// Reads a text.
///
/// # Errors
/// Where it is not JSON.
pub(crate) fn parse(source: &str) -> Result<Node<'_>, NotJson> {
    super::read(source, Nodes)
}

impl<'a> Node<'a> {
    /// A schema that takes everything.
    pub(crate) fn anything() -> Node<'static> {
        Node {
            value: Value::Object(Object::default()),
            at: 0,
        }
    }

    /// The object's member of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Node<'a>> {
        match &self.value {
            Value::Object(object) => object.get(&Text::borrowed(name)),
            _ => None,
        }
    }

    /// What a JSON pointer's decoded token leads to.
    pub(crate) fn step(&self, token: &Text<'_>) -> Option<&Node<'a>> {
        match &self.value {
            Value::Object(object) => object.get(token),
            Value::Array(items) => items.get(index(token)?),
            _ => None,
        }
    }

    /// The node without a borrow.
    pub(crate) fn into_owned(self) -> Node<'static> {
        let value = match self.value {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(value),
            Value::Number(number) => Value::Number(number.into_owned()),
            Value::String(text) => Value::String(text.into_owned()),
            Value::Array(items) => Value::Array(items.into_iter().map(Node::into_owned).collect()),
            Value::Object(object) => {
                let mut owned = Object::default();
                for member in object.members {
                    owned.insert(Member {
                        name: member.name.into_owned(),
                        at: member.at,
                        node: member.node.into_owned(),
                    });
                }
                Value::Object(owned)
            }
        };
        Node { value, at: self.at }
    }

    /// The value if it is text.
    pub(crate) fn text(&self) -> Option<&Text<'a>> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The members if it is an object.
    pub(crate) fn object(&self) -> Option<&Object<'a>> {
        match &self.value {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl<'a> Object<'a> {
    /// The value of a name.
    pub(crate) fn get(&self, name: &Text<'_>) -> Option<&Node<'a>> {
        self.find(name).map(|at| &self.members[at].node)
    }

    /// Whether there is a member of this name.
    pub(crate) fn has(&self, name: &Text<'_>) -> bool {
        self.find(name).is_some()
    }

    /// How many members there are.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// The members in the order of the text.
    pub(crate) fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// The members in the order of Java's strings.
    pub(crate) fn sorted(&self) -> Vec<&Member<'a>> {
        let mut members: Vec<_> = self.members.iter().collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members
    }

    fn find(&self, name: &Text<'_>) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(name).copied(),
            None => self.members.iter().position(|member| member.name == *name),
        }
    }

    fn insert(&mut self, member: Member<'a>) {
        if let Some(at) = self.find(&member.name) {
            self.members[at].node = member.node;
            return;
        }
        if let Some(index) = &mut self.index {
            index.insert(member.name.clone(), self.members.len());
        }
        if self.members.capacity() == 0 {
            self.members.reserve(4);
        }
        self.members.push(member);
        if self.index.is_none() && self.members.len() >= INDEXED {
            let names = self.members.iter().map(|member| member.name.clone());
            self.index = Some(names.enumerate().map(|(at, name)| (name, at)).collect());
        }
    }
}

/// The index that a token of a JSON pointer stands for: digits without a leading zero.
fn index(token: &Text<'_>) -> Option<usize> {
    let digits = token.as_str()?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (digits == "0" || !digits.starts_with('0')))
        .then(|| digits.parse().ok())
        .flatten()
}

/// Builds nodes.
struct Nodes;

impl<'s> Build<'s> for Nodes {
    type Value = Node<'s>;
    type Items = Vec<Node<'s>>;
    type Members = Object<'s>;

    fn scalar(&mut self, scalar: Scalar<'s>, at: usize) -> Option<Node<'s>> {
        let value = match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Number(text) => Value::Number(Number::parse(text)?),
            Scalar::String(text) => Value::String(text),
        };
        Some(Node { value, at })
    }

    fn item(&mut self, items: &mut Self::Items, item: Node<'s>) {
        items.push(item);
    }

    fn member(&mut self, into: &mut Object<'s>, name: Text<'s>, at: usize, node: Node<'s>) {
        into.insert(Member { name, at, node });
    }

    fn array(&mut self, items: Self::Items, at: usize) -> Node<'s> {
        let value = Value::Array(items);
        Node { value, at }
    }

    fn object(&mut self, members: Object<'s>, at: usize) -> Node<'s> {
        let value = Value::Object(members);
        Node { value, at }
    }
}
