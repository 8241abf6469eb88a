use lamplit_rpc::{Connection, WebAddress};
use serde_json::json;

use super::Desk;
use crate::{failure::Failure, output::Style};

pub(super) async fn run(desk: &Desk) -> Result<(), Failure> {
    let address = WebAddress::read(&desk.data).map_err(anyhow::Error::new)?;
    // Nobody shall be sent to where the daemon is no more.
    Connection::open_web(&address).await?;
    let (url, token) = (address.url(), address.expose_token());
    desk.out.print(&json!({ "url": url, "token": token }), || {
        let label = |text| desk.out.paint(Style::Dim, text);
        format!("{}    {url}\n{}  {token}", label("url"), label("token"))
    })?;
    Ok(())
}
