//! The compiler of TypeScript reads the types, and refuses what they do not allow.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, process::Command};

use tempfile::TempDir;

/// What the compiler says about programs that stand beside the files of `api/`: one call, since it takes long to start.
/// Each complaint names its program.
fn compile(programs: &[String]) -> String {
    let folder = TempDir::new().unwrap();
    for file in ["types.d.ts", "client.js"] {
        fs::copy(lamplit_api::folder().join(file), folder.path().join(file)).unwrap();
    }
    let names: Vec<String> = (0..programs.len()).map(|number| format!("program{number}.ts")).collect();
    for (name, program) in names.iter().zip(programs) {
        fs::write(folder.path().join(name), program).unwrap();
    }
    let output = Command::new("tsc")
        .args(["--noEmit", "--strict", "--allowJs", "--checkJs", "--target", "es2022", "--module", "es2022"])
        .args(["--moduleResolution", "node", "--lib", "es2022,dom"])
        .args(&names)
        .current_dir(folder.path())
        .output()
        .unwrap_or_else(|error| panic!("tsc does not start ({error}): apt-get install node-typescript"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said
}

const GOOD: &str = "
import { Lamplit, LamplitError } from './client.js';
import type { Contact, Event, Message, Progress } from './types';

export async function talk(url: string, token: string): Promise<string | null> {
  const lamplit = await Lamplit.connect(url, token);
  const names = new Map<string, string>();
  const snapshot = await lamplit.subscribe({
    event(event: Event) {
      if (event.type === 'message') {
        const message: Message = event.message;
        console.log(names.get(message.conversation), message.text);
      }
      if (event.type === 'status_changed') console.log(event.status.lit.length, event.status.strangers);
    },
    lagged({ missed, snapshot }) {
      console.log(missed, snapshot?.contacts.length, snapshot?.groups.length, snapshot?.more_groups);
    },
  });
  for (const contact of snapshot.contacts) names.set(contact.id, contact.name);
  const page = await lamplit.call('history', { conversation: snapshot.contacts[0].id, limit: 10 });
  const progress: Progress | null = page.messages[0].progress;
  try {
    await lamplit.call('say', { conversation: page.messages[0].conversation, text: 'hello' });
  } catch (error) {
    if (error instanceof LamplitError) console.log(error.code);
  }
  const contacts: Contact[] = (await lamplit.call('contacts', {})).contacts;
  await lamplit.call('stop', {});
  return contacts[0].note ?? progress;
}
";

#[test]
fn a_program_that_keeps_to_the_types_compiles() {
    assert_eq!(compile(&[GOOD.to_owned()]), "");
}

#[test]
fn a_program_that_does_not_keep_to_them_is_refused() {
    let faults = [
        ("'history', { conversation: snapshot.contacts[0].id, limit: 10 }", "'history', { limit: 10 }", "conversation"),
        ("'stop', {}", "'fly', {}", "fly"),
        ("'stop', {}", "'stop', { now: true }", "never"),
        ("text: 'hello'", "text: 7", "string"),
        ("event.type === 'message'", "event.type === 'massage'", "massage"),
        ("const contacts: Contact[]", "const contacts: Message[]", "Message"),
    ];
    let wrong: Vec<String> = faults.iter().map(|(right, wrong, _)| GOOD.replace(right, wrong)).collect();
    let said = compile(&wrong);
    for (number, (right, wrong, complaint)) in faults.iter().enumerate() {
        assert!(GOOD.contains(right), "{right} is not in the program");
        let mut about = said.lines().filter(|line| line.starts_with(&format!("program{number}.ts(")));
        assert!(about.any(|line| line.contains("error TS") && line.contains(complaint)), "{wrong} passes: {said}");
    }
}
