use std::time::Duration;

use lamplit_client::account::{DataDir, DirError};
use lamplit_rpc::api::Stop;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::Desk;
use crate::failure::Failure;

/// How long a daemon may take to end after its last word.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(desk: &Desk) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    daemon.call(Stop {}).await?;
    // The connection ends when the daemon's work does; a moment later it lets go of the data.
    while daemon.next().await?.is_some() {}
    let free = async {
        while let Err(DirError::Locked { .. }) = DataDir::open(&desk.data) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let _ = timeout(PATIENCE, free).await;
    desk.out.print(&json!({ "stopped": true }), || "The daemon has stopped.".to_owned())?;
    Ok(())
}
