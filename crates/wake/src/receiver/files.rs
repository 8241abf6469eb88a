//! What an operator has of Google and Apple: files with keys.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use data_encoding::BASE64;
use serde_json::json;

use super::SetupError;

pub(super) const KEY_ID: &str = "ABC123DEFG";
pub(super) const TEAM_ID: &str = "DEF123GHIJ";
pub(super) const TOPIC: &str = "org.example.lamp";
pub(super) const EMAIL: &str = "push@lamp-1.iam.gserviceaccount.example";
pub(super) const PROJECT: &str = "lamp-1";
pub(super) const RSA_KEY_ID: &str = "0badcafe";

const PRIVATE: &str = "PRIVATE KEY";

/// What Google and Apple know of them.
pub(super) struct Keys {
    pub(super) google: Vec<u8>,
    pub(super) apple: Vec<u8>,
}

/// Writes them into `folder`.
pub(super) fn write(folder: &Path, url: &str) -> Result<Keys, SetupError> {
    let google = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let der: Pkcs8V1Der<'_> = google.as_der()?;
    let account = json!({
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": RSA_KEY_ID,
        "private_key": pem(PRIVATE, der.as_ref()),
        "client_email": EMAIL,
        "client_id": "1",
        "token_uri": format!("{url}/token"),
    });
    let apple = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    for (name, text) in [("account.json", account.to_string()), ("apns.p8", pem(PRIVATE, apple.to_pkcs8v1()?.as_ref()))]
    {
        let path = folder.join(name);
        fs::write(&path, text)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    }
    Ok(Keys { google: google.public_key().as_ref().to_vec(), apple: apple.public_key().as_ref().to_vec() })
}

/// As RFC 7468 has it.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while let Some((line, behind)) = rest.split_at_checked(64) {
        pem.push_str(line);
        pem.push('\n');
        rest = behind;
    }
    pem + rest + &format!("\n-----END {label}-----\n")
}
