use lamplit_rpc::api;

use super::Desk;
use crate::{args::Invite, failure::Failure, output::Style, qr::qr, time};

pub(super) async fn run(desk: &Desk, Invite { no_qr }: Invite) -> Result<(), Failure> {
    let invited = desk.connect().await?.call(api::Invite {}).await?;
    if desk.out.is_json() || no_qr {
        desk.out.print(&invited, || invited.link.clone())?;
        return Ok(());
    }
    let until = time::date_and_time(invited.expires_ms);
    desk.out.line(&format!("{}\n", qr(&invited.link)?))?;
    desk.out.line(&format!("{}\n", desk.out.paint(Style::Bold, &invited.link)))?;
    desk.out.line(&format!(
        "For one person, until {until}. Whoever has it can become your contact: hand it over in person,\n\
         or on a way you trust. They type: lamplit accept LINK"
    ))?;
    Ok(())
}
