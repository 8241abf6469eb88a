//! The account's kit at the server: brought whenever what is in it changes, by whichever device knows of that.

use lamplit_wire::{
    AccountSecrets, GenerationSecret,
    bounded::List,
    server::{Kit, KitContent, KitVersion, Up},
};

use crate::{
    Node, kit,
    step::{Step, Stepped},
};

impl Node {
    /// How new a kit is that this device would make; `None` while it waits for the keys of a generation that began elsewhere.
    fn kit_version(&self, step: &Step<'_>) -> Stepped<Option<KitVersion>> {
        let generation = self.people.me().list.generation().number;
        if self.keys.generation != generation {
            return Ok(None);
        }
        Ok(Some(KitVersion { generation, friends: self.friends_generation(step)? }))
    }

    /// Brings the server a kit, if the one that is `there` is older than what this device would make. While one is under way its answer
    /// is waited for.
    pub(crate) fn bring_kit(&mut self, step: &mut Step<'_>, there: Option<KitVersion>) -> Stepped {
        if self.server.line.as_ref().is_none_or(|line| line.open.is_none() || line.kit.is_some()) {
            return Ok(());
        }
        let version = self.kit_version(step)?.filter(|version| there.is_none_or(|there| there < *version));
        let Some(version) = version else { return Ok(()) };
        let friends_keys: Vec<_> = self.friends(step)?.keys.iter().map(GenerationSecret::from).collect();
        let content = KitContent {
            keys: AccountSecrets::from(&self.keys),
            name: self.device.name.clone(),
            friends: self.device.friends,
            // Kept are no more than fit.
            friends_keys: List::try_from(friends_keys).unwrap_or_default(),
        };
        let (account, device) = (self.device.account, self.device.device);
        let recovery_key = self.people.me().list.generation().recovery_key;
        // Neither fails: the root signed the key, and what is in a kit has its limits.
        let Ok(sealed) = kit::seal(step.rng, &recovery_key, (account, version), &content) else { return Ok(()) };
        let Ok(kit) = self.secrets.keys.sign(Kit { account, version, device, sealed }) else { return Ok(()) };
        if let Some(line) = &mut self.server.line {
            line.kit = Some(version);
        }
        self.up(step, &Up::Kit(Box::new(kit)));
        Ok(())
    }

    /// So new is the kit that is there now. What changed since the last one was brought makes another.
    pub(super) fn kit_answered(&mut self, step: &mut Step<'_>, there: Option<KitVersion>) -> Stepped {
        let brought = self.server.line.as_mut().and_then(|line| line.kit.take());
        // One that was not taken is not brought again over this connection.
        if brought.is_some() { self.bring_kit(step, there.max(brought)) } else { Ok(()) }
    }
}
