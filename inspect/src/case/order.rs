//! The order in which a session is played back.
//!
//! As it was, one thing after another: before each step the kit lets functions finish. Where actions
//! overlapped, nobody knows which function posted what: each client's messages from there on are
//! expected in any order, at the end of what overlapped.

use std::collections::BTreeMap;

use super::tokens::tokens;
use super::{Because, Item, Session, What};

/// A part of a case.
#[derive(Debug, PartialEq)]
pub(super) enum Act<'a> {
    /// What happened, with the number of those that could not tell apart from what others did.
    Item(&'a Item),
    /// A client got these messages, in whatever order.
    Messages(usize, Vec<&'a str>),
    /// So many seconds pass.
    Wait(u64),
    /// A client leaves because the session ends here.
    End(usize),
    /// Words for whoever reads it.
    Comment(&'static str),
}

/// The session so far, as if it ended here.
pub(super) fn acts(session: &Session) -> Vec<Act<'_>> {
    let mut order = Order {
        acts: Vec::new(),
        actions: BTreeMap::new(),
        messages: BTreeMap::new(),
        group: None,
        second: is_timed(session).then(|| session.began().map_or(0, |at| at.as_millis() / 1000)),
        connected: Vec::new(),
    };
    for item in session.items.iter().filter(|item| item.what.is_action()) {
        *order.actions.entry(item.group).or_insert(0) += 1;
    }
    for item in &session.items {
        order.item(item);
    }
    order.flush();
    let left = std::mem::take(&mut order.connected);
    if !left.is_empty() {
        order.acts.push(Act::Comment("still connected at the end of the recording:"));
        order.acts.extend(left.into_iter().map(Act::End));
    }
    order.acts
}

/// Whether time is part of what happened: a connection was closed because of it.
pub(super) fn is_timed(session: &Session) -> bool {
    let is_due = |item: &Item| matches!(item.what, What::Closed(_, _, Because::Time));
    session.items.iter().any(is_due)
}

struct Order<'a> {
    acts: Vec<Act<'a>>,
    /// How many actions each group has.
    actions: BTreeMap<usize, usize>,
    /// What clients have got from what overlaps, and is not expected yet.
    messages: BTreeMap<usize, Vec<&'a str>>,
    group: Option<usize>,
    /// Until which second time has passed, if that matters.
    second: Option<u64>,
    connected: Vec<usize>,
}

impl<'a> Order<'a> {
    fn item(&mut self, item: &'a Item) {
        if self.group != Some(item.group) {
            self.flush();
            self.group = Some(item.group);
            if self.overlaps(item) {
                let comment = "at the same time, so that functions may do it in another order:";
                self.acts.push(Act::Comment(comment));
            }
        }
        let is_pooled = self.overlaps(item);
        match &item.what {
            What::Received(client, text) if is_pooled => {
                self.messages.entry(*client).or_default().push(text);
                return;
            }
            What::Connected(client, ..) => self.connected.push(*client),
            What::Left(client, _) | What::Closed(client, ..) => {
                self.flush_of(*client);
                self.connected.retain(|connected| connected != client);
            }
            What::Sent(_, text) if self.says_again(text) => self.flush(),
            _ => {}
        }
        self.pass(item);
        self.acts.push(Act::Item(item));
    }

    fn overlaps(&self, item: &Item) -> bool {
        self.actions.get(&item.group).is_some_and(|count| *count > 1)
    }

    /// Whether a text has an id or a time that is still to be received.
    fn says_again(&self, text: &str) -> bool {
        let waiting = || self.messages.values().flatten();
        let mut said = tokens(text).into_iter().map(|token| &text[token.range]);
        said.any(|token| waiting().any(|message| message.contains(token)))
    }

    /// Lets the time pass that passed before an item, in whole seconds: whoever is idle for ten
    /// minutes from a moment on is so from the beginning of its second on.
    fn pass(&mut self, item: &Item) {
        let Some(second) = &mut self.second else {
            return;
        };
        let now = item.at.as_millis() / 1000;
        if now > *second && (item.what.is_action() || matches!(item.what, What::Closed(..))) {
            self.acts.push(Act::Wait(now - *second));
            *second = now;
        }
    }

    fn flush(&mut self) {
        let messages = std::mem::take(&mut self.messages);
        for (client, texts) in messages {
            self.acts.push(Act::Messages(client, texts));
        }
    }

    fn flush_of(&mut self, client: usize) {
        if let Some(texts) = self.messages.remove(&client) {
            self.acts.push(Act::Messages(client, texts));
        }
    }
}
