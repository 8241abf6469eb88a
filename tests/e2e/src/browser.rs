use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Host, Lan, Running, program};

/// Pages on one host of a [`Lan`], and a browser there that looks at them.
#[derive(Debug)]
pub struct Browser<'lan> {
    lan: &'lan Lan,
    host: Host,
    pages: Running,
    port: u16,
    _folder: TempDir,
}

/// A Chromium that is killed when it is dropped.
struct Chromium(Child);

impl<'lan> Browser<'lan> {
    /// Serves `pages/` and the client of `api/`.
    ///
    /// # Errors
    /// If something is missing, and then what.
    pub fn new(lan: &'lan Lan, host: Host) -> Result<Self> {
        if Command::new("chromium").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            bail!("the `chromium` program is missing: apt-get install chromium");
        }
        let folder = TempDir::with_prefix("lamplit-e2e-")?;
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["pages/attack.html", "pages/picture.html", "pages/screen.html", "../../api/client.js"] {
            let file = own.join(file);
            fs::copy(&file, folder.path().join(file.file_name().context("a file has a name")?))?;
        }
        let pages = Running::start(lan.command(host, &program::pages()?).arg(folder.path()))?;
        let port = pages.line()?.parse().context("the first line is the port")?;
        Ok(Self { lan, host, pages, port, _folder: folder })
    }

    /// The origin of its pages, if they are looked at under this name.
    pub fn origin(&self, host: &str) -> String {
        format!("http://{host}:{}", self.port)
    }

    /// Looks at a page of an origin, and returns what it reports. All names under `example` lead to this machine.
    ///
    /// # Errors
    /// If it reports nothing.
    pub fn visit(&self, origin: &str, page: &str) -> Result<Value> {
        let profile = TempDir::with_prefix("lamplit-e2e-")?;
        let mut command = self.lan.command(self.host, Path::new("chromium"));
        command
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .arg("--host-resolver-rules=MAP *.example 127.0.0.1")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("{origin}/{page}"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let _chromium = Chromium(command.spawn().context("chromium does not start")?);
        let report = self.pages.line().with_context(|| format!("{page} of {origin} reports nothing"))?;
        serde_json::from_str(&report).with_context(|| format!("{report} is no report"))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Asked first, so that it ends its own children; `ip netns exec` has become it.
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        for _ in 0..100 {
            match self.0.try_wait() {
                Ok(None) => std::thread::sleep(std::time::Duration::from_millis(50)),
                _ => return,
            }
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
