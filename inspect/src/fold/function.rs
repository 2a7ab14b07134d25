//! What functions' processes do: it joins its call by Lambda's request id.

use std::collections::BTreeMap;

use gateway::{FunctionEvent, FunctionReport, FunctionStep};

use super::Fold;
use super::limits::{LINES, LOG_BYTES};
use super::table::Place;
use crate::exchange::{Call, Function};

/// Lines that processes wrote between their events: they belong to the next one, as the work of a
/// frozen environment goes on with its next event.
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
        let at = event.at.as_millis();
        let known = event.request_id.as_deref();
        let known = known.and_then(|request_id| self.table.event(request_id));
        let (place, change): (Option<Place>, Box<dyn FnOnce(&mut Call) -> bool>) = match &event.what
        {
            FunctionStep::Queued(call) => {
                let place = self.table.call(*call);
                (place, Box::new(|_| true))
            }
            FunctionStep::Taken(call) => {
                let place = known.or_else(|| self.table.call(*call));
                let lines = self.loose.take(process);
                let taken = move |call: &mut Call| {
                    function_of(call).started.get_or_insert(at);
                    lines.into_iter().all(|line| log(call, line))
                };
                (place, Box::new(taken))
            }
            FunctionStep::Line(line) => {
                if event.request_id.is_none() {
                    if let Some(process) = process {
                        self.loose.add(process, line);
                    }
                    return process.is_some();
                }
                (known, Box::new(|call| log(call, line.clone())))
            }
            FunctionStep::StartFailed(line) => {
                let mut lines = self.loose.take(process);
                lines.push(line.clone());
                let failed = |call: &mut Call| lines.into_iter().all(|line| log(call, line));
                (known, Box::new(failed))
            }
            FunctionStep::Report(report) => (known, Box::new(|call| report_of(call, report))),
        };
        let Some((number, at)) = place else {
            return false;
        };
        if let Some(request_id) = &event.request_id
            && known.is_none()
        {
            self.table.name_event((number, at), request_id);
        }
        let edited = self.table.edit(number, |exchange| {
            let Some(call) = exchange.calls.get_mut(at) else {
                return false;
            };
            call.target.name.clone_from(&event.function);
            if let Some(request_id) = &event.request_id {
                function_of(call).request_id.clone_from(request_id);
            }
            let is_whole = change(call);
            exchange.is_cut |= !is_whole;
            true
        });
        self.table.weigh(number);
        edited == Some(true)
    }
}

fn function_of(call: &mut Call) -> &mut Function {
    call.function.get_or_insert_default()
}

/// Adds a line; `false` if there is no room for it.
fn log(call: &mut Call, line: String) -> bool {
    let bytes: usize = call.log.iter().map(String::len).sum();
    let has_room = call.log.len() < LINES && bytes + line.len() <= LOG_BYTES;
    if has_room {
        call.log.push(line);
    }
    has_room
}

fn report_of(call: &mut Call, report: &FunctionReport) -> bool {
    let millis = |duration: std::time::Duration| duration.as_secs_f64() * 1000.0;
    let function = function_of(call);
    function.init_millis = report.init.map(millis);
    function.duration_millis = Some(millis(report.duration));
    function.memory_mb = report.max_memory_used;
    true
}
