use std::{
    collections::BTreeMap,
    fs::{self, File},
    hash::{DefaultHasher, Hasher as _},
    io::{BufWriter, Write as _},
    path::PathBuf,
};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::{Device, eventually};

/// What may be on its way, or here and not yet written, when a cable is pulled or a daemon killed; it is sent again.
pub const AHEAD: u64 = 8 << 20;

/// Bytes on the cable for so many bytes of a file, at most: there are headers too, and packets that are lost and sent again.
pub const fn on_the_cable(bytes: u64) -> u64 {
    bytes + bytes / 6
}

impl Device<'_> {
    /// Makes a file in the data directory, no two pieces of it alike and none like another file's of another name, and
    /// returns its path.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn make_file(&self, name: &str, bytes: usize) -> Result<String> {
        let path = self.data().join(name);
        let mut out = BufWriter::new(File::create(&path)?);
        let mut hasher = DefaultHasher::new();
        hasher.write(name.as_bytes());
        let first = hasher.finish();
        for number in 0..u64::try_from(bytes)? / 8 {
            out.write_all(&first.wrapping_add(number).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes())?;
        }
        out.flush()?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// Bytes of files that are here and not whole yet.
    pub fn bytes_of_parts(&self) -> u64 {
        self.parts().iter().filter_map(|part| part.metadata().ok()).map(|metadata| metadata.len()).sum()
    }

    /// What is here of the one file that is not whole yet.
    ///
    /// # Errors
    /// If it cannot be read, or there is another number of them.
    pub fn part(&self) -> Result<Vec<u8>> {
        match self.parts().as_slice() {
            [part] => Ok(fs::read(part)?),
            other => bail!("{} files are not whole yet", other.len()),
        }
    }

    /// How much is here of the one file that is not whole yet.
    ///
    /// # Errors
    /// If it is not a part of `sent` as it was sent.
    pub fn part_of(&self, sent: &[u8]) -> Result<u64> {
        let part = self.part()?;
        if part.len() >= sent.len() || !sent.starts_with(&part) {
            bail!("what is here, {} of {} bytes, is no part of the file", part.len(), sent.len());
        }
        Ok(u64::try_from(part.len())?)
    }

    fn parts(&self) -> Vec<PathBuf> {
        let parts = fs::read_dir(self.data().join("files/.parts")).into_iter().flatten().filter_map(Result::ok);
        let parts = parts.map(|entry| entry.path());
        parts.filter(|path| path.extension().is_some_and(|extension| extension == "part")).collect()
    }

    /// Waits until so many bytes came of files that are not whole yet.
    ///
    /// # Errors
    /// If they don't come.
    pub fn wait_for_parts(&self, bytes: usize) -> Result<()> {
        let bytes = u64::try_from(bytes)?;
        eventually("a part of the file shall have come", || Ok((self.bytes_of_parts() >= bytes).then_some(())))
    }

    /// Waits until this is done with files at one time, such as `fetching`, by their names, and nothing else. What has not
    /// got on by a byte does not count.
    ///
    /// # Errors
    /// If that does not happen.
    pub fn wait_for_transfers(&self, wanted: &[(&str, &str)]) -> Result<()> {
        let wanted: BTreeMap<&str, &str> = wanted.iter().copied().collect();
        eventually(&format!("{} shall be at {wanted:?}", self.name()), || {
            let files = self.list(&["files"])?;
            let under_way: BTreeMap<&str, &str> = files.iter().filter_map(under_way).collect();
            Ok((under_way == wanted).then_some(()))
        })
    }

    /// What is known of the last file of that name that was sent or offered.
    ///
    /// # Errors
    /// If it cannot be asked for.
    pub fn file(&self, name: &str) -> Result<Option<Value>> {
        let files = self.list(&["files"])?;
        let mut files = files.into_iter().filter_map(|mut message| Some(message.get_mut("file")?.take()));
        Ok(files.rfind(|file| file.get("name").and_then(Value::as_str) == Some(name)))
    }

    /// Waits until a file is in a state, such as `here`, and returns what is known of it.
    ///
    /// # Errors
    /// If that does not happen.
    pub fn wait_for_file(&self, name: &str, state: &str) -> Result<Value> {
        eventually(&format!("{name} shall be {state} at {}", self.name()), || {
            let is_so = |file: &Value| file.pointer("/state/state").and_then(Value::as_str) == Some(state);
            Ok(self.file(name)?.filter(is_so))
        })
    }

    /// Waits until a file is here, and compares it with what was sent.
    ///
    /// # Errors
    /// If it does not come, or differs.
    pub fn receive(&self, name: &str, sent: &str) -> Result<()> {
        let file = self.wait_for_file(name, "here")?;
        let path = file.pointer("/state/path").and_then(Value::as_str).unwrap_or_default();
        if fs::read(sent)? != fs::read(path)? {
            bail!("{path} is not what was sent");
        }
        Ok(())
    }
}

/// The name of a file and what is done with it, if it gets on.
fn under_way(message: &Value) -> Option<(&str, &str)> {
    let transfer = message.get("transfer")?;
    let gets_on = transfer.get("done")?.as_u64()? > 0;
    gets_on.then_some((message.pointer("/file/name")?.as_str()?, transfer.get("kind")?.as_str()?))
}
