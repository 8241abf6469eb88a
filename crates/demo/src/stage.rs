//! The two devices, their server, what they tell, and the story that is played with them.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use lamplit_rpc::{
    Happening,
    api::{Dark, Event, Light, MarkRead, Say, Subscribe},
};
use tokio::{
    sync::{OnceCell, mpsc},
    task::JoinSet,
    time::sleep,
};

use crate::{device::Device, server::Server, story, view::View};

/// Things to show that may wait; whoever brings more waits too.
const WAITING: usize = 256;
/// How long a message stands on a screen before it counts as read.
const GLANCE: Duration = Duration::from_millis(900);
/// How long to wait for a daemon that is starting.
const AGAIN: Duration = Duration::from_millis(100);

/// Which device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Left,
    Right,
}

/// Something to show.
#[derive(Debug)]
pub(crate) enum Shown {
    /// The story goes on.
    Told(String),
    /// A device looks different now; with what made it so, if that was an event.
    View(Who, Box<View>, Option<Box<Event>>),
    /// The story has been told.
    End,
    /// It cannot go on.
    Failed(anyhow::Error),
}

/// The devices and the tasks around them.
pub(crate) struct Stage {
    cast: Arc<Cast>,
    tasks: JoinSet<()>,
}

/// The devices, once they have accounts.
#[derive(Default)]
pub(crate) struct Cast {
    left: OnceCell<Device>,
    right: OnceCell<Device>,
    server: OnceCell<Server>,
}

impl Who {
    pub(crate) const BOTH: [Self; 2] = [Self::Left, Self::Right];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Left => "Ada",
            Self::Right => "Grace",
        }
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

impl Cast {
    /// The device, made when it is first asked for.
    pub(crate) async fn device(&self, who: Who) -> Result<&Device> {
        self.cell(who).get_or_try_init(|| Device::new(who.name())).await
    }

    /// The server, started when it is first asked for.
    pub(crate) async fn server(&self) -> Result<&Server> {
        self.server.get_or_try_init(Server::start).await
    }

    const fn cell(&self, who: Who) -> &OnceCell<Device> {
        match who {
            Who::Left => &self.left,
            Who::Right => &self.right,
        }
    }
}

impl Stage {
    /// Begins. What there is to show comes through the receiver.
    pub(crate) fn new() -> Result<(Self, mpsc::Receiver<Shown>)> {
        let cast = Arc::new(Cast::default());
        let (shown, happenings) = mpsc::channel(WAITING);
        let mut tasks = JoinSet::new();
        for who in Who::BOTH {
            tasks.spawn(watch(cast.clone(), who, shown.clone()));
        }
        let story = cast.clone();
        tasks.spawn(async move {
            let last = match story::play(&story, &shown).await {
                Ok(()) => Shown::End,
                Err(error) => Shown::Failed(error),
            };
            // If nobody watches any more, nobody needs to know.
            let _ = shown.send(last).await;
        });
        Ok((Self { cast, tasks }, happenings))
    }

    /// What somebody typed on a device: `/on APP`, `/off APP`, or something to say.
    pub(crate) async fn typed(&self, who: Who, text: &str) -> Result<View> {
        let device = self.cast.device(who).await?;
        let app = |app: &str| app.trim().to_owned();
        if let Some(name) = text.strip_prefix("/on ") {
            device.ask(Light { app: app(name) }).await?;
        } else if let Some(name) = text.strip_prefix("/off ") {
            device.ask(Dark { app: app(name) }).await?;
        } else if let Some(contact) = device.look().await?.contact {
            device.ask(Say { conversation: contact.id, text: text.to_owned() }).await?;
        } else {
            anyhow::bail!("they don't know each other yet");
        }
        device.look().await
    }

    /// Stops the daemons; their data goes with the last of this.
    pub(crate) async fn clear(&mut self) {
        self.tasks.shutdown().await;
        let stop = async |who| {
            if let Some(device) = self.cast.cell(who).get() {
                device.stop().await;
            }
        };
        tokio::join!(stop(Who::Left), stop(Who::Right));
    }
}

/// Shows a device again whenever something happened to it.
async fn watch(cast: Arc<Cast>, who: Who, shown: mpsc::Sender<Shown>) {
    loop {
        if let Some(device) = cast.cell(who).get() {
            // It ends when the daemon does, and the story may start that again.
            let _ = watch_one_life(device, who, &shown).await;
            if shown.send(Shown::View(who, Box::default(), None)).await.is_err() {
                return;
            }
        }
        sleep(AGAIN).await;
    }
}

async fn watch_one_life(device: &Device, who: Who, shown: &mpsc::Sender<Shown>) -> Result<()> {
    let mut daemon = device.connect().await?;
    daemon.call(Subscribe {}).await?;
    shown.send(Shown::View(who, Box::new(device.look().await?), None)).await?;
    while let Some(happening) = daemon.next().await? {
        let event = match happening {
            Happening::Event(event) => Some(Box::new(event)),
            Happening::Lagged(_) => None,
        };
        let view = device.look().await?;
        if let Some(contact) = view.contact.as_ref().filter(|contact| contact.unread > 0) {
            let contact = contact.id.clone();
            shown.send(Shown::View(who, Box::new(view), event)).await?;
            sleep(GLANCE).await;
            device.ask(MarkRead { conversation: contact, up_to: None }).await?;
            shown.send(Shown::View(who, Box::new(device.look().await?), None)).await?;
        } else {
            shown.send(Shown::View(who, Box::new(view), event)).await?;
        }
    }
    Ok(())
}
