//! Two clients in two processes that talk to each other over loopback.

use std::{
    net::Ipv4Addr,
    thread::sleep,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, bail};
use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
use lamplit_client::{
    Answer, Client, Command, Event, Events, Handle, Network, Parts, account::Opened, files::Folder, view,
};
use lamplit_store::Store;
use lamplit_types::{AccountId, Text, Wall};
use tokio::runtime::{Builder, Runtime};

use super::{
    medium::{Medium, Syncs},
    partner::Partner,
};
use crate::{cost, devices::made};

/// Longer than anything takes that follows from a round.
const REST: Duration = Duration::from_millis(100);

/// The one that says something, here, and the one that answers, in a process of its own.
pub(crate) struct Clients {
    ada: Side,
    grace: Partner,
    syncs: Syncs,
}

/// One client, and the contact it talks to.
pub(super) struct Side {
    pub(super) handle: Handle,
    pub(super) events: Events,
    pub(super) contact: AccountId,
    pub(super) runtime: Runtime,
    client: Client,
}

/// What both have spent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) committing: Duration,
    pub(crate) processor: Duration,
    pub(crate) syncs: u64,
}

impl Clients {
    pub(crate) fn start(medium: &Medium) -> Result<Self> {
        let syncs = Syncs::default();
        let mut ada = Side::start(1, "Ada", medium, &syncs)?;
        let Answer::Invited(invite) = ada.runtime.block_on(ada.handle.invite())? else { bail!("no invite came") };
        let grace = Partner::start(medium, &invite.to_link()?)?;
        ada.meet()?;
        sleep(REST);
        Ok(Self { ada, grace, syncs })
    }

    /// There and back.
    pub(crate) fn round(&mut self, text: &str) -> Result<()> {
        self.ada.say(text)?;
        self.ada.hear()
    }

    /// How long the commits of the one that is here have taken.
    pub(crate) fn committing_here(&self) -> Duration {
        self.ada.handle.commits().1
    }

    /// What the one here and the one there have spent.
    pub(crate) fn spent(&mut self) -> Result<[Spent; 2]> {
        let here = Spent {
            committing: self.committing_here(),
            processor: cost::processor_time(cost::Whose::Own)?,
            syncs: self.syncs.count(),
        };
        Ok([here, self.grace.spent()?])
    }

    /// Lets what follows from a round, receipts and their acknowledgements, come to its end.
    pub(crate) fn rest(&self) {
        sleep(REST);
    }

    /// Both stop in order.
    pub(crate) fn stop(self) -> Result<()> {
        self.grace.stop()?;
        self.ada.stop()
    }
}

impl Side {
    /// Stops in order.
    pub(super) fn stop(self) -> Result<()> {
        let Self { handle, runtime, client, .. } = self;
        handle.stop();
        runtime.block_on(client.wait())?;
        Ok(())
    }

    /// Waits until somebody is a contact.
    pub(super) fn meet(&mut self) -> Result<()> {
        self.contact = self.runtime.block_on(async {
            loop {
                if let Event::ContactAdded(contact) = self.events.next().await? {
                    return anyhow::Ok(contact);
                }
            }
        })?;
        Ok(())
    }

    pub(super) fn start(seed: u8, name: &str, medium: &Medium, syncs: &Syncs) -> Result<Self> {
        let runtime = Builder::new_multi_thread().enable_all().build()?;
        // Only a key for a few minutes: nobody keeps it.
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let now = Wall(u64::try_from(now.as_millis())?);
        let (secrets, writes) = made(&mut ChaCha20Rng::from_seed([seed; 32]), now, name)?;
        let store = Store::on_backend(Box::new(medium.room(name, syncs)?))?;
        store.commit(writes)?;
        let network = Network { bind: Some((Ipv4Addr::LOCALHOST, 0).into()), discovery: false };
        let client = {
            let _inside = runtime.enter();
            // No file is sent here.
            let files = Folder::new(std::env::temp_dir().join("lamplit-bench-files"));
            Client::start(Parts::on_network(Opened { secrets, store, files }, network)?)?
        };
        let handle = client.handle();
        let events = handle.events();
        let contact = runtime.block_on(handle.read(view::me))?.account;
        Ok(Self { handle, events, contact, runtime, client })
    }

    fn say(&self, text: &str) -> Result<()> {
        let say = Command::Say { to: self.contact.into(), text: Text::parse(text)? };
        self.runtime.block_on(self.handle.command(say))?;
        Ok(())
    }

    /// Waits until a message is here.
    fn hear(&mut self) -> Result<()> {
        self.runtime.block_on(async {
            loop {
                if let Event::Message { .. } = self.events.next().await? {
                    return Ok(());
                }
            }
        })
    }
}
