use anyhow::anyhow;
use fast_qr::{ECL, QRBuilder};

use crate::failure::Failure;

/// A link, or digits, in half blocks: two modules to a character, light on dark terminals and with a quiet zone of its own.
pub(crate) fn qr(text: &str) -> Result<String, Failure> {
    // Capitals mean the same in our links, and need a third less room.
    let code = QRBuilder::new(text.to_uppercase()).ecl(ECL::L).build();
    let code = code.map_err(|error| anyhow!("this makes no QR code ({error:?}): use --no-qr"))?;
    Ok(code.to_str())
}
