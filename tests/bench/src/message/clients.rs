//! Two clients that talk to each other over loopback.

use std::{
    net::Ipv4Addr,
    thread::sleep,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, bail};
use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
use lamplit_client::{Answer, Client, Command, Event, Events, Handle, Network, Parts, account::Opened, view};
use lamplit_store::Store;
use lamplit_types::{AccountId, Text, Wall};
use tokio::runtime::{Builder, Runtime};

use super::medium::{Medium, Syncs};
use crate::devices::made;

/// Longer than anything takes that follows from a round.
const REST: Duration = Duration::from_millis(100);

pub(crate) struct Clients {
    ada: Side,
    grace: Side,
    syncs: Syncs,
}

/// One client, and the contact it talks to.
struct Side {
    handle: Handle,
    events: Events,
    contact: AccountId,
    runtime: Runtime,
    client: Client,
}

impl Clients {
    pub(crate) fn start(medium: &Medium) -> Result<Self> {
        let syncs = Syncs::default();
        let mut ada = Side::start(1, "Ada", medium, &syncs)?;
        let mut grace = Side::start(2, "Grace", medium, &syncs)?;
        let Answer::Invited(invite) = ada.runtime.block_on(ada.handle.invite())? else { bail!("no invite came") };
        grace.runtime.block_on(grace.handle.command(Command::Accept(invite)))?;
        for side in [&mut ada, &mut grace] {
            side.contact = side.runtime.block_on(async {
                loop {
                    if let Event::ContactAdded(contact) = side.events.next().await? {
                        return anyhow::Ok(contact);
                    }
                }
            })?;
        }
        sleep(REST);
        Ok(Self { ada, grace, syncs })
    }

    /// There and back.
    pub(crate) fn round(&mut self, text: &str) -> Result<()> {
        self.ada.say(text)?;
        self.grace.hear()?;
        self.grace.say(text)?;
        self.ada.hear()
    }

    /// Both stop in order.
    pub(crate) fn stop(self) -> Result<()> {
        for Side { handle, runtime, client, .. } in [self.ada, self.grace] {
            handle.stop();
            runtime.block_on(client.wait())?;
        }
        Ok(())
    }

    /// Lets what follows from a round, receipts and their acknowledgements, come to its end.
    pub(crate) fn rest(&self) {
        sleep(REST);
    }

    /// How long the commits of both have taken, all together.
    pub(crate) fn committing(&self) -> Duration {
        let [(_, ada), (_, grace)] = [&self.ada, &self.grace].map(|side| side.handle.commits());
        ada + grace
    }

    pub(crate) fn synced(&self) -> u64 {
        self.syncs.count()
    }
}

impl Side {
    fn start(seed: u8, name: &str, medium: &Medium, syncs: &Syncs) -> Result<Self> {
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
            Client::start(Parts::on_network(Opened { secrets, store }, network)?)?
        };
        let handle = client.handle();
        let events = handle.events();
        let contact = runtime.block_on(handle.read(view::me))?.account;
        Ok(Self { handle, events, contact, runtime, client })
    }

    fn say(&self, text: &str) -> Result<()> {
        let say = Command::Say { to: self.contact, text: Text::parse(text)? };
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
