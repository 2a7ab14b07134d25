//! The order in which a session is played back.
//!
//! One action after another, with all that came of it: before each, the kit lets functions finish.
//! Where it is not clear which of several actions something came of, each client's messages of all
//! of them are expected in any order, behind the last.

use std::collections::BTreeMap;

use super::tokens::tokens;
use super::{Because, Item, Session, What};

/// Before what may have another order.
const OVERLAPS: &str = "at the same time, so that functions may do it in another order:";
/// Before what may have another outcome.
const UNSTEADY: &str = "not steady: somebody connects or leaves while functions work for others. \
    They finish before each step of a case, so that other messages may come than here:";

/// A part of a case.
#[derive(Debug, PartialEq)]
pub(super) enum Act<'a> {
    /// Something that happened.
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
        messages: BTreeMap::new(),
        second: is_timed(session).then(|| session.began().map_or(0, |at| at.as_millis() / 1000)),
        connected: Vec::new(),
    };
    for group in groups(session) {
        order.group(&group);
    }
    let left = std::mem::take(&mut order.connected);
    if !left.is_empty() {
        let comment = "still connected at the end of the recording:";
        order.acts.push(Act::Comment(comment));
        order.acts.extend(left.into_iter().map(Act::End));
    }
    order.acts
}

/// What happened, by actions that cannot be told apart.
fn groups(session: &Session) -> Vec<Vec<&Item>> {
    let mut spans: Vec<(usize, usize)> = session.items.iter().map(|item| item.causes).collect();
    spans.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (from, to) in spans {
        match merged.last_mut() {
            Some((_, last)) if from <= *last => *last = to.max(*last),
            _ => merged.push((from, to)),
        }
    }
    let mut groups = vec![Vec::new(); merged.len()];
    for item in &session.items {
        let index = merged.partition_point(|(_, last)| *last < item.causes.0);
        groups[index].push(item);
    }
    groups
}

/// Whether time is part of what happened: a connection was closed because of it.
pub(super) fn is_timed(session: &Session) -> bool {
    let is_due = |item: &Item| matches!(item.what, What::Closed(_, _, Because::Time));
    session.items.iter().any(is_due)
}

/// Whether somebody connected or left while functions were at work for others.
pub(super) fn is_unsteady(session: &Session) -> bool {
    let mut groups = groups(session).into_iter();
    groups.any(|items| is_of_several(&items) && is_one_amid(&items))
}

fn is_of_several(items: &[&Item]) -> bool {
    items.iter().filter(|item| item.what.is_action()).count() > 1
}

/// Whether messages came amid which somebody connected or left.
fn is_one_amid(items: &[&Item]) -> bool {
    let is_move = |item: &Item| matches!(item.what, What::Connected(..) | What::Left(..));
    let is_message = |item: &Item| matches!(item.what, What::Received(..));
    let has_moved = items.iter().any(|item| item.amid && is_move(item));
    has_moved && items.iter().any(|item| is_message(item))
}

struct Order<'a> {
    acts: Vec<Act<'a>>,
    /// What clients have got of a group, and is not expected yet.
    messages: BTreeMap<usize, Vec<&'a str>>,
    /// Until which second time has passed, if that matters.
    second: Option<u64>,
    connected: Vec<usize>,
}

impl<'a> Order<'a> {
    fn group(&mut self, items: &[&'a Item]) {
        if !is_of_several(items) {
            // Who connects is let in only when others have heard of it.
            let (actions, results): (Vec<&Item>, Vec<&Item>) =
                items.iter().partition(|item| item.what.is_action());
            for item in actions.into_iter().chain(results) {
                self.item(item);
            }
            return;
        }
        let comment = match is_one_amid(items) {
            true => UNSTEADY,
            false => OVERLAPS,
        };
        self.acts.push(Act::Comment(comment));
        for item in items {
            match &item.what {
                What::Received(client, text) => {
                    self.messages.entry(*client).or_default().push(text);
                    continue;
                }
                What::Left(client, _) | What::Closed(client, ..) => self.flush_of(*client),
                What::Sent(_, text) if self.says_again(text) => self.flush(),
                _ => {}
            }
            self.item(item);
        }
        self.flush();
    }

    fn item(&mut self, item: &'a Item) {
        match &item.what {
            What::Connected(client, ..) => self.connected.push(*client),
            What::Left(client, _) | What::Closed(client, ..) => {
                self.connected.retain(|connected| connected != client);
            }
            _ => {}
        }
        self.pass(item);
        self.acts.push(Act::Item(item));
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
