use lamplit_rpc::api::{Dark, Light};
use serde_json::json;

use super::Desk;
use crate::{args::App, failure::Failure};

pub(super) async fn run(desk: &Desk, App { app }: App, on: bool) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    if on {
        daemon.call(Light { app: app.clone() }).await?;
    } else {
        daemon.call(Dark { app: app.clone() }).await?;
    }
    desk.out.print(&json!({ "app": app, "on": on }), || match on {
        true => format!("{app} is lit: contacts see that you are there."),
        false => format!("{app} is dark."),
    })?;
    Ok(())
}
