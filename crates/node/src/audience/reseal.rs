//! Keys are let go of; what was sealed with them is sealed anew before.

use lamplit_seal::AudienceKey;
use lamplit_wire::{Kind, RecordBody, SetId};

use crate::{
    Node,
    db::{Typed, decode},
    limits,
    replica::set_of,
    rows::{Audience, GenerationKey, Stored, key},
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

impl Node {
    /// Seals all of a set anew under today's key.
    pub(crate) fn reseal(&mut self, step: &mut Step<'_>, set: SetId) -> Stepped {
        self.reseal_if(step, set, |_| true)
    }

    /// Seals some of a set anew under today's key.
    pub(crate) fn reseal_if(
        &mut self,
        step: &mut Step<'_>,
        set: SetId,
        which: impl Fn(&RecordBody) -> bool,
    ) -> Stepped {
        // What is not to be taken has to be known before what takes its place.
        for cut_offs in [true, false] {
            self.reseal_some(step, set, &which, cut_offs)?;
        }
        Ok(())
    }

    fn reseal_some(
        &mut self,
        step: &mut Step<'_>,
        set: SetId,
        which: &impl Fn(&RecordBody) -> bool,
        cut_offs: bool,
    ) -> Stepped {
        let cut_off = Some(key::kind_number(Kind::CutOff));
        let prefix = key::set(&set);
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = step.db.scan(Table::Records, &prefix, after.as_deref(), Order::Up, limits::RESEALED)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            for (at, value) in rows {
                if (at.get(key::SET_BYTES).copied() == cut_off) != cut_offs {
                    continue;
                }
                let stored: Stored = decode(Table::Records, &value)?;
                if which(&stored.record.body)
                    && let Some(field) = self.field_of(step, &stored)?
                {
                    self.seal_again(step, &set, field)?;
                }
            }
        }
    }

    /// Lets go of keys of days that nobody needs any more: what is still under way is at most so old.
    pub(crate) fn forget_old_keys(&mut self, step: &mut Step<'_>) -> Stepped {
        let today = step.now.wall.day();
        // Well before their key goes, so that the others have the new copies by then.
        let friends = set_of(self.device.account, self.device.friends);
        let (generation, oldest) = (self.friends_generation(step)?, today.saturating_sub(limits::RESEAL_DAYS));
        self.reseal_if(step, friends, |body| body.key.generation < generation || body.key.day < oldest)?;
        let needed = today.saturating_sub(limits::KEY_DAYS);
        for audience in self.memberships.keys().copied().collect::<Vec<_>>() {
            let vault = &self.secrets.vault;
            let Some(mut row) = step.db.sealed::<Audience>(vault, Table::Audiences, audience.as_bytes())? else {
                continue;
            };
            let mut changed = false;
            for held in row.keys.iter_mut().filter(|held| held.day < needed) {
                let old = AudienceKey::from_parts(held.generation, held.day, held.key);
                if let Ok(later) = old.at_day(needed) {
                    *held = GenerationKey { day: later.day(), key: *later.as_bytes(), ..held.clone() };
                    changed = true;
                }
            }
            if changed {
                step.db.put_sealed(vault, step.rng, Table::Audiences, audience.as_bytes(), &row)?;
            }
        }
        Ok(())
    }
}
