//! Serves a folder of pages on the loopback, and prints what they report: a line for each POST. The first line is the port.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, Result, bail};

/// What a page may report, in bytes.
const LONGEST: usize = 64 * 1024;

fn main() -> Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).context("say which folder has the pages")?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    say(&listener.local_addr()?.port().to_string())?;
    for stream in listener.incoming() {
        let (stream, folder) = (stream?, folder.clone());
        // A browser that gives up in the middle is no failure.
        thread::spawn(move || serve(stream, &folder));
    }
    Ok(())
}

fn serve(mut stream: TcpStream, folder: &Path) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    let mut words = first.split_whitespace();
    match (words.next(), words.next()) {
        (Some("POST"), Some(_)) if length <= LONGEST => {
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            say(&String::from_utf8(body)?)?;
            answer(&mut stream, "text/plain", b"heard")
        }
        (Some("GET"), Some(path)) => {
            let name = path.split('?').next().unwrap_or_default().trim_start_matches('/');
            let kind = if name.ends_with(".js") { "text/javascript" } else { "text/html" };
            match fs::read(folder.join(name)) {
                Ok(page) if !name.contains('/') && !name.is_empty() => answer(&mut stream, kind, &page),
                _ => Ok(stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?),
            }
        }
        _ => bail!("neither GET nor POST"),
    }
}

fn answer(stream: &mut TcpStream, kind: &str, body: &[u8]) -> Result<()> {
    let length = body.len();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    Ok(stream.write_all(body)?)
}

fn say(line: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", line.replace('\n', " "))?;
    Ok(stdout.flush()?)
}
