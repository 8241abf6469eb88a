use std::sync::Arc;

use lamplit_node::{Event, Node};
use tokio::sync::{broadcast, watch};

use crate::handle::{Reach, Server, State, Storage};

/// What the driver tells: the latest state, and happenings.
pub(crate) struct Screen {
    events: broadcast::Sender<Event>,
    /// Copied when it changes while somebody looks at it.
    state: watch::Sender<Arc<State>>,
}

impl Screen {
    pub(crate) const fn new(events: broadcast::Sender<Event>, state: watch::Sender<Arc<State>>) -> Self {
        Self { events, state }
    }

    /// Tells an event, after the state it belongs to; `reach` is how its device is reached, if it is one of those.
    pub(crate) fn show(&self, event: Event, node: &Node, reach: Option<Reach>) {
        match &event {
            Event::Presence(account) => self.change(|state| {
                match node.lit(*account) {
                    lit if lit.is_empty() => state.lit.remove(account),
                    lit => state.lit.insert(*account, lit),
                };
            }),
            Event::Near { account, device, reachable } => self.change(|state| {
                let devices = state.near.entry(*account).or_default();
                match reach.filter(|_| *reachable) {
                    Some(reach) => devices.insert(*device, reach),
                    None => devices.remove(device),
                };
                state.near.retain(|_, devices| !devices.is_empty());
            }),
            Event::ContactRemoved(account) => self.change(|state| {
                state.lit.remove(account);
                state.near.remove(account);
            }),
            Event::Server(_) => self.server(node),
            Event::Number => self.number(node),
            Event::Clock => self.change(|state| state.clocks = node.clocks().clone()),
            _ => {}
        }
        // Nobody may be listening.
        let _ = self.events.send(event);
    }

    /// What this device shows.
    pub(crate) fn own_lit(&self, node: &Node) {
        self.set(|state| &mut state.own_lit, node.own_lit());
    }

    /// Which server there is, and whether it is reached.
    pub(crate) fn server(&self, node: &Node) {
        let (address, state) = node.server();
        let address = address.and_then(|address| address.0.parse().ok());
        self.set(|state| &mut state.server, address.map(|address| Server { address, state }));
    }

    /// Whether the server and this device have the same of the account's own records.
    pub(crate) fn caught_up(&self, node: &Node) {
        self.set(|state| &mut state.caught_up, node.is_caught_up());
    }

    /// How the account stands with its telephone number.
    pub(crate) fn number(&self, node: &Node) {
        self.set(|state| &mut state.number, node.number());
    }

    /// How many devices of strangers show themselves.
    pub(crate) fn strangers(&self, count: usize) {
        self.set(|state| &mut state.strangers, count);
    }

    pub(crate) fn storage_works(&self) {
        self.set(|state| &mut state.storage, Storage::Working);
    }

    pub(crate) fn storage_fails(&self, reason: String) {
        self.set(|state| &mut state.storage, Storage::Failing(reason));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(|state| change(Arc::make_mut(state)));
    }

    /// Puts a value in its place; if it is there already, nobody is woken.
    fn set<T: PartialEq>(&self, place: impl Fn(&mut State) -> &mut T, value: T) {
        self.state.send_if_modified(|state| {
            let place = place(Arc::make_mut(state));
            let changed = *place != value;
            *place = value;
            changed
        });
    }

    /// Tells that what was seen over the links that were closed after a failed commit is gone.
    pub(crate) fn begin_again(&self, node: &Node) {
        let before = self.state.borrow().clone();
        for (account, devices) in &before.near {
            for device in devices.keys() {
                self.show(Event::Near { account: *account, device: *device, reachable: false }, node, None);
            }
        }
        for account in before.lit.keys() {
            self.show(Event::Presence(*account), node, None);
        }
        self.own_lit(node);
        self.server(node);
    }
}
