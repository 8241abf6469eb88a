//! The device's own life: what it does from time to time, and what it does when it finds that it was restored from a
//! backup.

use lamplit_identity::{BeaconKey, ListKey, beacon};
use lamplit_sync::horizon;
use lamplit_types::{Hlc, Incarnation, Wall, limits::EPOCH_MS};

use crate::{
    Node,
    db::decode,
    io::{Event, Transmit, Warning},
    limits,
    replica::{GONE, OWN_DATA, OWN_SECRETS, set_of},
    rows::{FieldKey, SetRow, Steady, Stored, key},
    sabotage::Sabotage,
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

impl Node {
    /// Shows the beacon of the present epoch.
    pub(crate) fn advertise(&self, step: &mut Step<'_>) -> Stepped {
        if self.is_removed() {
            return Ok(());
        }
        let key = BeaconKey::from_bytes(self.beacon_key(step)?);
        let beacon = beacon(&key, &self.device.device, step.now.wall.epoch());
        step.out.transmits.push(Transmit::Advertise(beacon));
        Ok(())
    }

    /// When the next epoch begins, in milliseconds from `now`.
    pub(crate) const fn until_next_epoch(now: Wall) -> u64 {
        EPOCH_MS.saturating_sub(now.0 % EPOCH_MS)
    }

    /// Everything that is due by the clock.
    pub(crate) fn tick_all(&mut self, step: &mut Step<'_>) -> Stepped {
        self.tick_links(step)?;
        self.let_rest(step)?;
        self.next_epoch = step.now.mono.plus(Self::until_next_epoch(step.now.wall));
        self.dial_due(step);
        self.tell_presence(step)?;
        self.put_out_stale(step);
        self.send_receipts(step.now.mono);
        self.tick_server(step)?;
        self.stop_waiting_for_past(step)?;
        self.recall_from_any(step)?;
        if self.next_due <= step.now.wall {
            self.release_due(step)?;
        }
        if self.next_chores <= step.now.mono {
            self.next_chores = step.now.mono.plus(limits::CHORES_MS);
            self.chores(step)?;
        }
        Ok(())
    }

    /// What is done now and then: forgetting what nobody needs any more.
    fn chores(&mut self, step: &mut Step<'_>) -> Stepped {
        // By a wrong clock it may be renewed for nothing, and is again when the clock is right.
        self.renew_certificate(step)?;
        if !self.is_steady(step)? {
            return Ok(());
        }
        self.forget_seen(step)?;
        self.release_expired(step)?;
        self.expire_early(step)?;
        self.expire_outbox(step)?;
        self.expire_invites(step)?;
        self.expire_link_codes(step)?;
        self.forget_departed(step)?;
        self.forget_old_keys(step)?;
        self.forget_deletions(step)
    }

    /// Sees what the time has become since the last input. A machine that slept may wake up epochs later, whatever the
    /// deadlines say: the clock they go by stood still.
    pub(crate) fn look_at_the_clock(&mut self, step: &mut Step<'_>) -> Stepped {
        if self.people.turn_to(step.now.wall) {
            self.advertise(step)?;
            self.forget_opened(step)?;
        }
        let last = core::mem::replace(&mut self.last, step.now);
        let expected = last.wall.plus(step.now.mono.since(last.mono));
        // If the machine slept, the others' clocks went on too, and nobody counted by how much.
        if step.now.wall.since(expected) > limits::CLOCK_TOLD_MS && self.clocks.forget() {
            step.tell(Event::Clock);
        }
        if has_leapt(step.now.wall, expected) {
            self.device.steady = Steady { wall: step.now.wall, chores: 0 };
            step.db.put(Table::Device, key::DEVICE, &self.device)?;
            self.renew_certificate(step)?;
        }
        Ok(())
    }

    /// Whether the clock has gone on for long without a leap. By one that is a year off everything would look old, and be
    /// thrown away or renewed before its time.
    fn is_steady(&mut self, step: &mut Step<'_>) -> Stepped<bool> {
        let now = step.now.wall;
        let before = self.device.steady;
        let expected = before.wall.plus(limits::CHORES_MS);
        let chores = match before.wall {
            Wall(0) => limits::STEADY_CHORES,
            _ if has_leapt(now, expected) => 0,
            _ => before.chores.saturating_add(1),
        };
        self.device.steady = Steady { wall: now, chores };
        step.db.put(Table::Device, key::DEVICE, &self.device)?;
        Ok(chores >= limits::STEADY_CHORES)
    }

    /// A certificate that nears its end is signed anew, while this device can still be recognised by it.
    fn renew_certificate(&mut self, step: &mut Step<'_>) -> Stepped {
        let list = self.people.me().list;
        if !list.renewal_due(&self.device.device, step.now.wall) {
            return Ok(());
        }
        let key = ListKey::from_bytes(&self.keys.list);
        let Ok(renewed) = lamplit_identity::renew_device(list, &key, &self.device.device, step.now.wall) else {
            return Ok(());
        };
        self.adopt_own_list(step, renewed)
    }

    /// Deletions that are older than the horizon are forgotten, and the horizon is told to all who share the set.
    ///
    /// Not while there is a server: it tells no horizon, and a device that was away would get the place of a deletion from it and keep
    /// what was deleted.
    fn forget_deletions(&mut self, step: &mut Step<'_>) -> Stepped {
        if self.has_server() {
            return Ok(());
        }
        let me = self.device.account;
        let horizon = horizon::at(step.now.wall, self.keep_deletions_ms);
        for audience in [OWN_DATA, OWN_SECRETS, self.device.friends] {
            let set = set_of(me, audience);
            let row_key = key::set(&set);
            let row: Option<SetRow> = crate::db::Typed::row(&step.db, Table::Sets, &row_key)?;
            let mut row = row.unwrap_or_default();
            let before = row.horizon;
            let mut after: Option<Vec<u8>> = None;
            loop {
                let rows = step.db.scan(Table::Records, &row_key, after.as_deref(), Order::Up, limits::BATCH)?;
                let Some((last, _)) = rows.last() else { break };
                after = Some(last.clone());
                for (at, value) in rows {
                    if at.last() != Some(&GONE) {
                        continue;
                    }
                    let stored: Stored = decode(Table::Records, &value)?;
                    // One that was written by a clock ahead of this one may have to wait elsewhere until its time.
                    let due = stored.since.max(stored.stamp.clock.wall);
                    if horizon::may_forget(Hlc { wall: due, count: 0 }, horizon) {
                        crate::replica::leave_log(step, &stored.record)?;
                        step.db.remove(Table::Records, &at);
                        // Only what was forgotten moves the horizon others must fear.
                        row.horizon = row.horizon.max(horizon);
                    }
                }
            }
            if row.horizon != before {
                step.db.put(Table::Sets, &row_key, &row)?;
            }
        }
        Ok(())
    }

    /// Somebody knows more of this device's past than it does itself: it was restored from a backup. From here on it
    /// counts anew, ends all sessions, since their ratchets have been used further, and says all of its own again.
    ///
    /// `told` are lives of its own that it did not know of.
    pub(crate) fn be_reborn(&mut self, step: &mut Step<'_>, told: &[Incarnation]) -> Stepped {
        if self.has_bug(Sabotage::NoRebirth) {
            return Ok(());
        }
        let lives = &mut self.device.past_lives;
        lives.push(self.device.life);
        lives.extend(told.iter().filter(|life| **life != self.device.life));
        lives.sort_unstable();
        lives.dedup();
        let too_many = lives.len().saturating_sub(limits::PAST_LIVES);
        lives.drain(..too_many);
        // The high half counts, so that of two copies of one value that of the later life stays.
        let count = (lives.last().map_or(0, |life| life.0) >> 32).saturating_add(1).min(u64::from(u32::MAX));
        let drawn = u64::from(u32::from_le_bytes(step.random()));
        self.device.life = Incarnation((count << 32) | drawn);
        step.db.put(Table::Device, key::DEVICE, &self.device)?;
        self.renumber_outbox(step)?;
        for audience in [OWN_DATA, OWN_SECRETS, self.device.friends] {
            self.say_again(step, set_of(self.device.account, audience))?;
        }
        step.tell(Event::Warning(Warning::Restored));
        self.reborn = true;
        Ok(())
    }

    /// Writes down again, in this life, what this device wrote in earlier ones.
    fn say_again(&mut self, step: &mut Step<'_>, set: lamplit_wire::SetId) -> Stepped {
        let prefix = key::set(&set);
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = step.db.scan(Table::Records, &prefix, after.as_deref(), Order::Up, limits::BATCH)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            for (_, value) in rows {
                let stored: Stored = decode(Table::Records, &value)?;
                let author = stored.record.body.author;
                let mine = author.device == self.device.device && author.incarnation != self.device.life;
                let field: Option<FieldKey> = if mine { self.field_of(step, &stored)? } else { None };
                if let Some(field) = field {
                    self.seal_again(step, &set, field)?;
                }
            }
        }
    }
}

fn has_leapt(now: Wall, expected: Wall) -> bool {
    now.since(expected).max(expected.since(now)) > limits::LEAP_MS
}
