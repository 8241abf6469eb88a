//! What happens by itself: two people meet, lose sight of each other, find each other again, and talk; then they part, and
//! talk through a server.

use std::time::{Duration, Instant};

use anyhow::Result;
use lamplit_rpc::api::{Accept, FileState, Invite, Light, Progress, Say, SendFile, UseServer};
use tokio::{sync::mpsc, time::sleep};

use crate::{
    device::Device,
    stage::{Cast, Shown, Who},
    view::View,
};

/// Time to read a line before the next thing happens.
const BREATH: Duration = Duration::from_millis(1200);

/// Plays the story to its end.
pub(crate) async fn play(cast: &Cast, shown: &mpsc::Sender<Shown>) -> Result<()> {
    let tell = async |text: String| {
        shown.send(Shown::Told(text)).await?;
        sleep(BREATH).await;
        Ok::<(), anyhow::Error>(())
    };
    tell("Two devices: separate processes, each with an account and keys of its own.".to_owned()).await?;
    let (ada, grace) = tokio::try_join!(cast.device(Who::Left), cast.device(Who::Right))?;
    let (left, right) = tokio::try_join!(ada.start(), grace.start())?;
    tell(format!("Ada listens at {left}, Grace at {right}: still strangers.")).await?;

    let link = ada.ask(Invite {}).await?.link;
    let begin: String = link.chars().take(36).collect();
    tell(format!("Ada makes an invite for one person: {begin}…")).await?;
    grace.ask(Accept { link }).await?;
    know_each_other(ada, grace).await?;
    tell("Grace accepted it. They checked each other's keys and are contacts.".to_owned()).await?;

    // What they recognise each other by has to arrive first.
    tokio::try_join!(sent(ada), sent(grace))?;
    tokio::join!(ada.stop(), grace.stop());
    tell("Both go off and come back at other ports. Nobody tells them where.".to_owned()).await?;
    let (left, right) = tokio::try_join!(ada.start(), grace.start())?;
    let since = Instant::now();
    near_each_other(ada, grace).await?;
    let seconds = since.elapsed().as_secs_f64();
    tell(format!("They found each other by DNS-SD in {seconds:.1} s, at {left} and {right}.")).await?;

    ada.ask(Light { app: "qq".to_owned() }).await?;
    sees(grace, "qq").await?;
    tell("Ada is on QQ, and Grace sees it.".to_owned()).await?;
    grace.ask(Light { app: "sina-weibo".to_owned() }).await?;
    sees(ada, "sina-weibo").await?;
    tell("Grace is on Sina Weibo, and Ada sees it.".to_owned()).await?;

    for (from, text) in [
        (ada, "Good evening! Is that you?"),
        (grace, "It is. No server, no internet, and still here."),
        (ada, "And nobody else can read this."),
    ] {
        say(from, text).await?;
        tell(format!("{} said something; it is sealed, delivered and read.", from.name)).await?;
    }
    let path = picture(ada, grace).await?;
    tell(format!("Ada sent a picture. Grace has it, piece by piece and proved: {path}.")).await?;

    let link = &cast.server().await?.link;
    let place = link.rsplit_once('@').map_or("", |(_, place)| place);
    for device in [ada, grace] {
        device.ask(UseServer { server: link.clone() }).await?;
    }
    tokio::try_join!(served(ada), served(grace))?;
    tell(format!("A server runs at {place}. Both devices use it from now on; it can read nothing.")).await?;
    tokio::try_join!(sent(ada), sent(grace))?;
    tokio::join!(ada.stop(), grace.stop());
    tokio::try_join!(ada.start_apart(), grace.start_apart())?;
    tokio::try_join!(served(ada), served(grace))?;
    tell("They part: neither finds the other on a network any more.".to_owned()).await?;
    for (from, text) in
        [(grace, "Home already?"), (ada, "Nearly. This came through the server, and it has no idea what it says.")]
    {
        say(from, text).await?;
        tell(format!("{} said something; it went through the server, and was read.", from.name)).await?;
    }
    Ok(())
}

/// Waits until the server knows the device.
async fn served(device: &Device) -> Result<()> {
    let served = |view: &View| view.status.as_ref()?.server.as_ref().filter(|server| server.connected).map(|_| ());
    device.until("the server to be there", served).await
}

/// A picture, with a note inside of where it was taken, which stays at home.
const LAMP: &[u8] = include_bytes!("lamp.png");

/// Sends the picture and waits until it is there; where.
async fn picture(from: &Device, to: &Device) -> Result<String> {
    let path = from.keep("lamp.png", LAMP)?;
    let contact = from.until("a contact", |view| Some(view.contact.as_ref()?.id.clone())).await?;
    let send = SendFile { conversation: contact, path, caption: None, keep_metadata: false };
    let id = from.ask(send).await?.id;
    let here = |view: &View| {
        let message = view.messages.iter().find(|message| message.id == id)?;
        match &message.file.as_ref()?.state {
            FileState::Here { path } => Some(path.clone()),
            _ => None,
        }
    };
    to.until("the picture to be there", here).await
}

async fn know_each_other(ada: &Device, grace: &Device) -> Result<()> {
    let known = |device: &'static str| {
        move |view: &View| view.contact.as_ref().filter(|contact| contact.name == device).map(|_| ())
    };
    tokio::try_join!(ada.until("Grace as a contact", known("Grace")), grace.until("Ada as a contact", known("Ada")))?;
    Ok(())
}

async fn sent(device: &Device) -> Result<()> {
    let sent = |view: &View| view.status.as_ref().filter(|status| status.waiting == 0).map(|_| ());
    device.until("all to be sent", sent).await
}

async fn near_each_other(ada: &Device, grace: &Device) -> Result<()> {
    let near = |view: &View| view.contact.as_ref().filter(|contact| contact.near).map(|_| ());
    tokio::try_join!(ada.until("Grace near", near), grace.until("Ada near", near))?;
    Ok(())
}

async fn sees(device: &Device, app: &str) -> Result<()> {
    let lit = |view: &View| view.contact.as_ref()?.lit.iter().find(|lit| lit.app == app).map(|_| ());
    device.until(&format!("the contact on {app}"), lit).await
}

/// Says something and waits until it was read.
async fn say(device: &Device, text: &str) -> Result<()> {
    let contact = device.until("a contact", |view| Some(view.contact.as_ref()?.id.clone())).await?;
    let id = device.ask(Say { conversation: contact, text: text.to_owned() }).await?.id;
    let read = |view: &View| {
        let message = view.messages.iter().find(|message| message.id == id)?;
        (message.progress == Some(Progress::Read)).then_some(())
    };
    device.until("the message to be read", read).await
}
