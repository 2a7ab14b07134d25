//! What is called for an exchange.

use spec::io::{self, CallId};

use super::Fold;
use super::limits::cut_bytes;
use super::shown::function_name;
use super::step::Reading;
use crate::exchange::{Role, Target, TargetKind};

impl Fold {
    /// Something is about to be called.
    pub(super) fn calls(&mut self, reading: &mut Reading<'_>, role: io::Role, target: &io::Target) {
        let (kind, name) = match target {
            io::Target::Function(arn) => (TargetKind::Function, function_name(arn)),
            io::Target::Http(url) => (TargetKind::Http, &**url),
            io::Target::Service(name) => (TargetKind::Service, &**name),
            io::Target::Mock => (TargetKind::Mock, ""),
            io::Target::Unavailable(_) => (TargetKind::Function, ""),
        };
        let role = match role {
            io::Role::Authorizer => Role::Authorizer,
            io::Role::Integration => Role::Integration,
        };
        let Some(number) = reading.current else {
            return;
        };
        let added = self.edit_with(reading, Some(number), |exchange, at| {
            exchange.call(at, role, (kind, name.to_owned()))
        });
        if added == Some(true)
            && let Some(tracked) = self.table.tracked(number)
        {
            tracked.ids.push(None);
        }
    }

    /// It is called: by the call that was announced, or else by one that was not.
    pub(super) fn called(
        &mut self,
        reading: &mut Reading<'_>,
        id: CallId,
        (kind, name): (TargetKind, String),
        payload: &[u8],
    ) {
        let Some(number) = reading.current else {
            return;
        };
        let Some((tracked, _)) = self.table.get(number) else {
            return;
        };
        let is_announced = tracked.ids.last().is_some_and(Option::is_none);
        let added = self.edit_with(reading, Some(number), |exchange, at| {
            let target = (kind, name);
            if !is_announced && !exchange.call(at, Role::Integration, target.clone()) {
                return None;
            }
            let payload = cut_bytes(payload, &mut exchange.is_cut);
            let place = exchange.calls.len().checked_sub(1)?;
            let call = exchange.calls.get_mut(place)?;
            call.target = Target {
                kind: target.0,
                name: target.1,
            };
            call.payload = Some(payload);
            Some(place)
        });
        let Some(Some(place)) = added else { return };
        if let Some(tracked) = self.table.tracked(number) {
            tracked.ids.resize(place, None);
            tracked.ids.push(Some(id));
        }
        self.table.name_call((number, place), id);
    }
}
