//! How the machine is given its inputs, and how those who watch are told of them.

use spec::{Input, Output, Timestamp};

use super::{Hub, Machine};
use crate::trace::{Step, Trace};

impl Hub {
    /// Everything that happens from now on.
    pub(crate) fn trace(&self) -> Trace {
        // Steps are told under this lock.
        let machine = self.lock();
        self.traces.subscribe(machine.arrived)
    }

    /// How many handshakes, messages and requests to `@connections` have come.
    pub(crate) fn arrived(&self) -> u64 {
        self.lock().arrived
    }

    /// The client of an open connection sends a text message. `false` if there is no such
    /// connection.
    pub(crate) fn send_as_client(&self, connection_id: &str, text: String) -> bool {
        let mut machine = self.lock();
        let Some(peer) = machine.gateway.peer(connection_id) else {
            return false;
        };
        let now = self.clock.now();
        self.take(&mut machine, now, Input::Message { peer, text });
        self.settle(&mut machine, now);
        true
    }

    /// Gives the machine an input. What is due by then is a step of its own for those who watch.
    pub(super) fn take(&self, machine: &mut Machine, now: Timestamp, input: Input) {
        let is_request = matches!(
            input,
            Input::Handshake { .. } | Input::Message { .. } | Input::Management { .. }
        );
        if !self.traces.is_watched() {
            machine.arrived += u64::from(is_request);
            machine.gateway.explain(false);
            return machine.gateway.handle_input(now, input);
        }
        self.pass(machine, now);
        machine.arrived += u64::from(is_request);
        let told = input.clone();
        machine.gateway.handle_input(now, input);
        self.record(machine, now, Some(told));
    }

    /// Lets time pass for the machine.
    pub(super) fn pass(&self, machine: &mut Machine, now: Timestamp) {
        let is_watched = self.traces.is_watched();
        machine.gateway.explain(is_watched);
        machine.gateway.handle_timeout(now);
        if is_watched {
            self.record(machine, now, None);
        }
    }

    /// Tells those who watch what has happened, and keeps the outputs for
    /// [`settle`](Self::settle).
    pub(super) fn record(&self, machine: &mut Machine, at: Timestamp, input: Option<Input>) {
        let outputs: Vec<Output> = std::iter::from_fn(|| machine.gateway.poll_output()).collect();
        if input.is_none() && outputs.is_empty() {
            return;
        }
        let acted_on = |output: &&Output| !matches!(output, Output::Explanation(_));
        machine
            .told
            .extend(outputs.iter().filter(acted_on).cloned());
        self.traces.step(Step {
            at,
            input,
            outputs,
            arrived: machine.arrived,
        });
    }
}

impl Machine {
    /// What is to be done next, in the order in which the machine wants it.
    pub(super) fn next_output(&mut self) -> Option<Output> {
        let told = self.told.pop_front();
        told.or_else(|| self.gateway.poll_output())
    }
}
