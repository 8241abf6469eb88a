use lamplit_node::{Event, Node};
use tokio::sync::{broadcast, watch};

use crate::handle::{Reach, Server, State, Storage};

/// What the driver tells: the latest state, and happenings.
pub(crate) struct Screen {
    events: broadcast::Sender<Event>,
    state: watch::Sender<State>,
}

impl Screen {
    pub(crate) const fn new(events: broadcast::Sender<Event>, state: watch::Sender<State>) -> Self {
        Self { events, state }
    }

    /// Tells an event, after the state it belongs to; `reach` is how its device is reached, if it is one of those.
    pub(crate) fn show(&self, event: Event, node: &Node, reach: Option<Reach>) {
        match &event {
            Event::Presence(account) => self.state.send_modify(|state| {
                match node.lit(*account) {
                    lit if lit.is_empty() => state.lit.remove(account),
                    lit => state.lit.insert(*account, lit),
                };
            }),
            Event::Near { account, device, reachable } => self.state.send_modify(|state| {
                let devices = state.near.entry(*account).or_default();
                match reach.filter(|_| *reachable) {
                    Some(reach) => devices.insert(*device, reach),
                    None => devices.remove(device),
                };
                state.near.retain(|_, devices| !devices.is_empty());
            }),
            Event::ContactRemoved(account) => self.state.send_modify(|state| {
                state.lit.remove(account);
                state.near.remove(account);
            }),
            Event::Server(_) => self.server(node),
            Event::Clock => self.state.send_modify(|state| state.clocks = node.clocks().clone()),
            _ => {}
        }
        // Nobody may be listening.
        let _ = self.events.send(event);
    }

    /// What this device shows.
    pub(crate) fn own_lit(&self, node: &Node) {
        self.state.send_if_modified(|state| {
            let lit = node.own_lit();
            let changed = state.own_lit != lit;
            state.own_lit = lit;
            changed
        });
    }

    /// Which server there is, and whether it is reached.
    pub(crate) fn server(&self, node: &Node) {
        let (address, state) = node.server();
        let address = address.and_then(|address| address.0.parse().ok());
        let server = address.map(|address| Server { address, state });
        self.state.send_if_modified(|known| core::mem::replace(&mut known.server, server.clone()) != server);
    }

    /// How many devices of strangers show themselves.
    pub(crate) fn strangers(&self, count: usize) {
        self.state.send_if_modified(|state| core::mem::replace(&mut state.strangers, count) != count);
    }

    pub(crate) fn storage_works(&self) {
        self.state.send_if_modified(|state| core::mem::take(&mut state.storage) != Storage::Working);
    }

    pub(crate) fn storage_fails(&self, reason: String) {
        self.state.send_modify(|state| state.storage = Storage::Failing(reason));
    }

    /// Tells that what was seen over the links that were closed after a failed commit is gone.
    pub(crate) fn begin_again(&self, node: &Node) {
        let before = self.state.borrow().clone();
        for (account, devices) in before.near {
            for device in devices.into_keys() {
                self.show(Event::Near { account, device, reachable: false }, node, None);
            }
        }
        for account in before.lit.into_keys() {
            self.show(Event::Presence(account), node, None);
        }
        self.own_lit(node);
        self.server(node);
    }
}
