//! What functions' processes do: it joins its call by Lambda's request id.

use std::collections::BTreeMap;
use std::time::Duration;

use gateway::{FunctionEvent, FunctionStep};

use super::Fold;
use super::limits::{LINES, LOG_BYTES};
use crate::exchange::Call;

/// Lines that processes wrote between their events: they belong to the next one, as the work of a
/// frozen environment goes on with its next event. By the process's name; by the function's, those
/// of processes that could not start for nobody.
#[derive(Debug, Default)]
pub(super) struct Loose(BTreeMap<String, Lines>);

#[derive(Debug, Default)]
struct Lines {
    lines: Vec<String>,
    bytes: usize,
}

/// How many processes may have lines that wait, and how many bytes of them.
const PROCESSES: usize = 64;
const BYTES: usize = 32 * 1024;

impl Loose {
    fn add(&mut self, process: &str, line: &str) {
        if !self.0.contains_key(process) && self.0.len() >= PROCESSES {
            self.0.pop_first();
        }
        let kept = self.0.entry(process.to_owned()).or_default();
        if kept.bytes + line.len() <= BYTES && kept.lines.len() < LINES {
            kept.bytes += line.len();
            kept.lines.push(line.to_owned());
        }
    }

    fn take(&mut self, process: Option<&str>) -> Vec<String> {
        let kept = process.and_then(|process| self.0.remove(process));
        kept.unwrap_or_default().lines
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.0.values().map(|kept| kept.bytes).sum()
    }
}

impl Fold {
    /// Whether it belongs to a call that is known, or will belong to the process's next one.
    pub(super) fn function(&mut self, event: &FunctionEvent) -> bool {
        let process = event.process.as_deref();
        let request_id = event.request_id.as_deref();
        let mut lines = match &event.what {
            FunctionStep::Taken(_) | FunctionStep::StartFailed(_) => {
                let mut lines = self.loose.take(Some(&event.function));
                lines.extend(self.loose.take(process));
                lines
            }
            _ => Vec::new(),
        };
        match (&event.what, request_id, process) {
            (FunctionStep::Line(line), None, Some(process)) => {
                self.loose.add(process, line);
                return true;
            }
            (FunctionStep::Line(line) | FunctionStep::StartFailed(line), ..) => {
                lines.push(line.clone());
            }
            _ => {}
        }
        let known = request_id.and_then(|request_id| self.table.event(request_id));
        let by_call = match &event.what {
            FunctionStep::Queued(call) | FunctionStep::Taken(call) => self.table.call(*call),
            _ => None,
        };
        let Some((number, place)) = known.or(by_call) else {
            // A process that was started for no event: why it could not start is in the log of the
            // function's next one.
            for line in lines {
                self.loose.add(&event.function, &line);
            }
            return matches!(event.what, FunctionStep::StartFailed(_));
        };
        if let Some(request_id) = request_id
            && known.is_none()
        {
            self.table.name_event((number, place), request_id);
        }
        let has_lines = !lines.is_empty();
        let joined = self.table.edit(number, |exchange| {
            let Some(call) = exchange.calls.get_mut(place) else {
                return false;
            };
            exchange.is_cut |= !joined(call, event, lines);
            true
        });
        match has_lines {
            true => self.table.weigh(number),
            false => self.table.changed(number),
        }
        joined == Some(true)
    }
}

/// Adds what a process did to its call, and lines to the log; `false` if there is no room for all.
fn joined(call: &mut Call, event: &FunctionEvent, lines: Vec<String>) -> bool {
    call.target.name.clone_from(&event.function);
    let function = call.function.get_or_insert_default();
    if let Some(request_id) = &event.request_id {
        function.request_id.clone_from(request_id);
    }
    match &event.what {
        FunctionStep::Taken(_) => {
            function.started.get_or_insert(event.at.as_millis());
        }
        FunctionStep::Report(report) => {
            let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
            function.init_millis = report.init.map(millis);
            function.duration_millis = Some(millis(report.duration));
            function.memory_mb = report.max_memory_used;
        }
        _ => {}
    }
    let mut bytes: usize = call.log.iter().map(String::len).sum();
    let count = lines.len();
    let room = lines.into_iter().take_while(|line| {
        bytes += line.len();
        bytes <= LOG_BYTES
    });
    let room: Vec<String> = room.take(LINES.saturating_sub(call.log.len())).collect();
    let is_whole = room.len() == count;
    call.log.extend(room);
    is_whole
}
