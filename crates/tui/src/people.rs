//! The people one knows, and the groups one is in, in the order in which one looks for them.

use std::collections::BTreeMap;

use lamplit_rpc::api::LitApp;

use crate::{
    limits,
    peer::{Circle, Peer, meant, tamed_apps},
};

/// Everybody, who of them fits the filter, and whom the cursor is on.
#[derive(Debug, Default)]
pub(crate) struct People {
    all: BTreeMap<String, Peer>,
    filter: String,
    order: Vec<String>,
    chosen: Option<String>,
    /// Whether the chosen one had something to read when they were chosen: they stay where they are while it is read.
    had_unread: bool,
}

impl People {
    /// Takes everybody anew.
    pub(crate) fn set(&mut self, peers: impl Iterator<Item = Peer>) {
        self.all = peers.map(|peer| (peer.id.clone(), peer)).collect();
        self.sort();
    }

    pub(crate) fn put(&mut self, peer: impl Into<Peer>) {
        let peer = peer.into();
        self.all.insert(peer.id.clone(), peer);
        self.sort();
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.all.remove(id);
        self.sort();
    }

    /// Changes what is known about somebody.
    pub(crate) fn change(&mut self, id: &str, change: impl FnOnce(&mut Peer)) {
        if let Some(contact) = self.all.get_mut(id) {
            change(contact);
            self.sort();
        }
    }

    pub(crate) fn set_lit(&mut self, id: &str, lit: Vec<LitApp>) {
        self.change(id, |contact| contact.lit = tamed_apps(lit));
    }

    /// Nobody can be reached: there is no daemon to reach them.
    pub(crate) fn all_away(&mut self) {
        self.all.values_mut().for_each(|contact| contact.near = false);
        self.sort();
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Peer> {
        self.all.get(id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many there are, whether they fit the filter or not.
    pub(crate) fn count(&self) -> usize {
        self.all.values().filter(|peer| !peer.is_left()).count()
    }

    /// How many of a group are near, as far as they are known outside of it.
    pub(crate) fn near_in(&self, circle: &Circle) -> usize {
        circle.members.iter().filter(|member| self.get(&member.id).is_some_and(|peer| peer.near)).count()
    }

    /// The contact that a name means, or why it means none.
    pub(crate) fn contact_named(&self, wanted: &str) -> Result<&Peer, String> {
        let contacts = self.all.values().filter(|peer| peer.circle.is_none());
        meant(contacts.map(|contact| (contact.name.as_str(), contact)), wanted)
    }

    pub(crate) fn unread(&self) -> u64 {
        self.all.values().fold(0, |sum, contact| sum.saturating_add(contact.unread))
    }

    /// Who fits the filter, in order.
    pub(crate) fn shown(&self) -> impl ExactSizeIterator<Item = Option<&Peer>> {
        self.order.iter().map(|id| self.all.get(id))
    }

    /// Where the chosen one is among those shown.
    pub(crate) fn at(&self) -> Option<usize> {
        self.order.iter().position(|id| Some(id) == self.chosen.as_ref())
    }

    pub(crate) fn chosen(&self) -> Option<&Peer> {
        self.all.get(self.chosen.as_ref()?)
    }

    pub(crate) fn filter(&self) -> &str {
        &self.filter
    }

    pub(crate) fn type_filter(&mut self, typed: &str) {
        for c in typed.chars().filter(|c| !c.is_control()) {
            if self.filter.chars().count() < limits::FILTER_CHARS {
                self.filter.push(c);
            }
        }
        self.refilter();
    }

    pub(crate) fn shorten_filter(&mut self) {
        self.filter.pop();
        self.refilter();
    }

    pub(crate) fn clear_filter(&mut self) {
        self.filter.clear();
        self.sort();
    }

    /// Moves the cursor by so many, and stops at either end.
    pub(crate) fn step(&mut self, by: isize) {
        let last = self.order.len().saturating_sub(1);
        let at = self.at().map_or(0, |at| at.saturating_add_signed(by)).min(last);
        self.choose(self.order.get(at).cloned());
    }

    /// The next one with something to read, after the chosen one or from the top.
    pub(crate) fn step_to_unread(&mut self) {
        let at = self.at().map_or(0, |at| at.saturating_add(1));
        let unread = |id: &&String| self.get(id).is_some_and(|contact| contact.unread > 0);
        let found = self.order.iter().skip(at).find(unread).or_else(|| self.order.iter().find(unread));
        if let Some(found) = found.cloned() {
            self.choose(Some(found));
        }
    }

    pub(crate) fn choose(&mut self, id: Option<String>) {
        if self.chosen != id {
            self.chosen = id;
            self.had_unread = self.chosen().is_some_and(|contact| contact.unread > 0);
        }
    }

    fn refilter(&mut self) {
        self.sort();
        if self.at().is_none() {
            self.choose(self.order.first().cloned());
        }
    }

    /// Whoever has said something comes first, then who is on, then groups, then who is near, then by name.
    fn sort(&mut self) {
        let wanted = self.filter.to_lowercase();
        let held = self.chosen.as_ref().filter(|_| self.had_unread);
        // A group that was left is out of the way until somebody looks for it, or there is something to read in it.
        let at_hand = |peer: &Peer| {
            !peer.is_left() || peer.unread > 0 || !wanted.is_empty() || Some(&peer.id) == self.chosen.as_ref()
        };
        let mut order: Vec<&Peer> =
            self.all.values().filter(|peer| fits(peer, &wanted)).filter(|peer| at_hand(peer)).collect();
        order.sort_by_cached_key(|peer| {
            let unread = peer.unread > 0 || Some(&peer.id) == held;
            // Groups stand between who is on and who is not.
            let away = peer.lit.is_empty() && peer.circle.is_none();
            let group = peer.circle.is_some();
            (!unread, peer.is_left(), away, group, !peer.near, peer.name.to_lowercase(), peer.id.clone())
        });
        self.order = order.into_iter().map(|contact| contact.id.clone()).collect();
        if self.chosen().is_none() {
            self.choose(self.order.first().cloned());
        }
    }
}

/// By name, by app, by what was noted, or by who is in it.
fn fits(peer: &Peer, wanted: &str) -> bool {
    let holds = |text: &str| text.to_lowercase().contains(wanted);
    let members = peer.circle.iter().flat_map(|circle| &circle.members).filter(|member| !member.me);
    wanted.is_empty()
        || holds(&peer.name)
        || peer.lit.iter().any(|app| holds(&app.app))
        || peer.note.as_deref().is_some_and(holds)
        || members.into_iter().any(|member| holds(&member.name))
}

#[cfg(test)]
mod tests;
