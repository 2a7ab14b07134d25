//! `#foreach`.

use std::rc::Rc;

use super::{Eval, Evaluator, Halt};
use crate::ast::{Expr, Foreach, LoopBody};
use crate::text::TextBuf;
use crate::value::frame::{Frame, FrameRef};
use crate::value::{Iter, LoopScope, Map, Value, int};

/// A variable that a loop hides, and its value to put back.
type Hidden<'f, 'a> = (&'f str, Option<Value<'a>>);

impl<'a> Evaluator<'_, 'a> {
    pub(super) fn foreach(
        &mut self,
        foreach: &Foreach,
        frame: &FrameRef<'a>,
        out: &mut TextBuf,
    ) -> Eval<()> {
        let Some(list) = &foreach.list else {
            return Ok(());
        };
        let list = self.value(list, frame)?;
        let list = self.resolved(list, foreach.span)?;
        let Some(items) = Iter::over(&list) else {
            return Ok(());
        };
        let key = &*foreach.key;
        let (scope, saved) = self.enter_loop(foreach, frame)?;
        let mut null_frame = None;
        let mut count = 0_usize;
        while items.has_next() {
            if self
                .options
                .foreach_rounds
                .is_some_and(|limit| count >= limit)
            {
                break;
            }
            self.around = foreach.span;
            self.step(|| foreach.span)?;
            count += 1;
            self.put(frame, "velocityCount", int(count));
            let item = items
                .next()
                .map_err(|failure| self.fail(foreach.span, "#foreach", &failure))?;
            let has_next = items.has_next();
            self.put(frame, "velocityHasNext", Value::Bool(has_next));
            self.put(frame, key, item.clone());
            scope.index.set(scope.index.get().saturating_add(1));
            scope.has_next.set(has_next);
            let round = if item.is_null() {
                let holder = null_frame
                    .get_or_insert_with(|| Some(Frame::null_holder(key, frame)))
                    .clone();
                self.loop_body(&foreach.body, &holder, out)
            } else {
                self.loop_body(&foreach.body, frame, out)
            };
            match round {
                Ok(()) => {}
                Err(Halt::Break(owner)) if owner.is_none_or(|owner| owner == scope.owner) => break,
                Err(Halt::Error(error)) => return Err(Halt::Error(error)),
                Err(halt) => {
                    self.leave_loop(frame, &saved)?;
                    return Err(halt);
                }
            }
        }
        self.leave_loop(frame, &saved)
    }

    /// Sets `$foreach`; returns it, and what the loop's variables hide.
    fn enter_loop<'f>(
        &mut self,
        foreach: &'f Foreach,
        frame: &FrameRef<'a>,
    ) -> Eval<(Rc<LoopScope<'a>>, [Hidden<'f, 'a>; 3])> {
        let mut saved = [&*foreach.key, "velocityCount", "velocityHasNext"]
            .map(|name| (name, None::<Value<'a>>));
        for (name, value) in &mut saved {
            *value = Some(self.get(frame, name)?);
        }
        let (parent, replaced) = match self.get(frame, "foreach")? {
            Value::Scope(scope) => {
                let replaced = scope.replaced.clone();
                (Some(scope), replaced)
            }
            other => (None, other),
        };
        let scope = Rc::new(LoopScope {
            owner: std::ptr::from_ref(foreach) as usize,
            index: std::cell::Cell::new(-1),
            has_next: std::cell::Cell::new(false),
            parent,
            replaced,
            storage: Map::new(),
        });
        self.put(frame, "foreach", Value::Scope(Rc::clone(&scope)));
        Ok((scope, saved))
    }

    fn loop_body(&mut self, body: &LoopBody, frame: &FrameRef<'a>, out: &mut TextBuf) -> Eval<()> {
        match body {
            LoopBody::Block(nodes) => self.render(nodes, frame, out),
            LoopBody::Argument(Expr::Reference(reference)) => {
                self.render_reference(reference, frame, out)
            }
            LoopBody::Argument(_) => Ok(()),
        }
    }

    /// Restores what the loop's variables hid.
    fn leave_loop(&mut self, frame: &FrameRef<'a>, saved: &[Hidden<'_, 'a>]) -> Eval<()> {
        for (name, value) in saved {
            match value {
                Some(value) if !value.is_null() => self.put(frame, name, value.clone()),
                _ => self.remove(frame, name),
            }
        }
        // If the template has set `$foreach` to something else, that stays.
        if let Value::Scope(scope) = self.get(frame, "foreach")? {
            match (&scope.parent, &scope.replaced) {
                (Some(parent), _) => self.put(frame, "foreach", Value::Scope(Rc::clone(parent))),
                (None, Value::Null) => self.remove(frame, "foreach"),
                (None, replaced) => self.put(frame, "foreach", replaced.clone()),
            }
        }
        Ok(())
    }
}
