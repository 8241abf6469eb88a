use std::{
    fs::File,
    io,
    path::Path,
    process::{Child, Command, Stdio},
};

/// A program that ends with this, and also with whoever started it, however that ends.
pub(super) struct Process(Child);

/// It is killed once nobody holds the other end of the shell's input any more.
const WATCH: &str = "exec 3<&0; \"$@\" </dev/null 3<&- & program=$!; read -r nothing <&3; kill -9 $program; wait";

impl Process {
    /// Starts it, with all it says going into `log`.
    pub(super) fn start(command: &[&str], log: &Path) -> io::Result<Self> {
        let log = File::create(log)?;
        let child = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self(child))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // Where it can't be waited for it has ended.
        let _ = self.0.wait();
    }
}

#[cfg(test)]
impl Process {
    /// What happens to its input when whoever started it is killed.
    pub(super) fn lose_input(&mut self) -> Option<std::process::ChildStdin> {
        self.0.stdin.take()
    }
}
