//! Listens on a port of the loopback that was a daemon's. It answers a greeting as well as it can, and prints all that it
//! hears and answers, a line each, and `gone` when somebody is gone. With the port of a daemon it passes on what it hears, and
//! what that answers.

use std::{
    env,
    io::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream},
    thread,
};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tungstenite::{
    Message, WebSocket, accept_hdr, client,
    handshake::server::{ErrorResponse, Request, Response},
};

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let port: u16 = arguments.next().context("say which port")?.parse()?;
    let daemon: Option<u16> = arguments.next().map(|port| port.parse()).transpose()?;
    let both: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let listeners = both.map(|address| TcpListener::bind((address, port)));
    let mut waiting = Vec::new();
    for listener in listeners {
        let listener = listener?;
        waiting.push(thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || {
                    // Whoever hangs up in the middle is gone, too.
                    let _ = meet(stream, daemon);
                    say("gone")
                });
            }
        }));
    }
    say("here")?;
    for listener in waiting {
        // None of them ends.
        let _ = listener.join();
    }
    Ok(())
}

/// Hears somebody until he says something else than a greeting, and answers that as well.
fn meet(stream: TcpStream, daemon: Option<u16>) -> Result<()> {
    let mut caller = accept_hdr(stream, knocks)?;
    let mut behind = daemon.map(connect).transpose()?;
    loop {
        let heard = caller.read()?;
        let Message::Text(text) = &heard else { continue };
        say(&format!("heard: {text}"))?;
        let call: Value = serde_json::from_str(text)?;
        let answer = match &mut behind {
            Some(daemon) => {
                daemon.send(heard)?;
                daemon.read()?
            }
            None => made_up(&call),
        };
        say(&format!("answered: {answer}"))?;
        caller.send(answer)?;
        if call.get("method") != Some(&json!("hello")) {
            return Ok(caller.close(None)?);
        }
    }
}

/// Lets anybody in.
#[expect(clippy::unnecessary_wraps, clippy::result_large_err, reason = "the handshake wants it so")]
fn knocks(request: &Request, response: Response) -> Result<Response, ErrorResponse> {
    // Nobody is left who would want to know.
    let _ = say(&format!("heard: {request:?}"));
    Ok(response)
}

fn connect(port: u16) -> Result<WebSocket<TcpStream>> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    Ok(client(format!("ws://127.0.0.1:{port}/"), stream).context("no handshake")?.0)
}

/// What looks like a daemon's answer.
fn made_up(call: &Value) -> Message {
    let guess = "5a".repeat(32);
    let result = match call.get("method").and_then(Value::as_str) {
        Some("hello") => json!({ "nonce": guess, "proof": guess }),
        _ => json!({}),
    };
    let id = call.get("id").unwrap_or(&Value::Null);
    Message::text(json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string())
}

fn say(line: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", line.replace('\n', " "))?;
    Ok(stdout.flush()?)
}
