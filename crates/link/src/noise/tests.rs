#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use core::convert::Infallible;

use data_encoding::HEXLOWER;
use rand_core::{TryCryptoRng, TryRng};

use super::*;
use crate::packets::cipher::{Opener, Sealer};

/// Gives the same 32 bytes again and again: the ephemeral key a vector asks for.
struct Fixed([u8; 32]);

impl TryRng for Fixed {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("keys are drawn as bytes")
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("keys are drawn as bytes")
    }
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        to.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn key(text: &str) -> [u8; 32] {
    hex(text).try_into().unwrap()
}

/// Keys and payloads of the cacophony test vectors, which all implementations of Noise share.
const INITIATOR: (&str, &str) = (
    "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
    "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
);
const RESPONDER: (&str, &str) = (
    "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
    "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
);
const PSK: &str = "54686973206973206d7920417573747269616e20706572737065637469766521";
const PAYLOADS: [&str; 6] = [
    "4c756477696720766f6e204d69736573",
    "4d757272617920526f746862617264",
    "462e20412e20486179656b",
    "4361726c204d656e676572",
    "4a65616e2d426170746973746520536179",
    "457567656e2042f6686d20766f6e2042617765726b",
];

fn check_vector(is_kk: bool, hash: &str, messages: [&str; 6]) {
    let psk = Psk::from_bytes(key(PSK));
    let statics = [INITIATOR, RESPONDER].map(|(secret, _)| StaticKey::from_bytes(key(secret)));
    let publics = [statics[0].public(), statics[1].public()];
    let prologue = hex("4a6f686e2047616c74");
    let mut sides =
        [(Role::Initiator, INITIATOR.1, 0), (Role::Responder, RESPONDER.1, 1)].map(|(role, ephemeral, me)| {
            let peer = is_kk.then_some((&publics[1 - me], &psk));
            let setup = Setup { role, prologue: &prologue, local: &statics[me], peer };
            begin(&mut Fixed(key(ephemeral)), &setup).unwrap()
        });

    let handshake_messages = if is_kk { 2 } else { 3 };
    for index in 0..handshake_messages {
        let (writer, reader) = (index % 2, 1 - index % 2);
        let mut message = [0; 256];
        let len = sides[writer].write_message(&hex(PAYLOADS[index]), &mut message).unwrap();
        assert_eq!(HEXLOWER.encode(&message[..len]), messages[index]);
        let mut payload = [0; 256];
        let read = sides[reader].read_message(&message[..len], &mut payload).unwrap();
        assert_eq!(HEXLOWER.encode(&payload[..read]), PAYLOADS[index]);
    }
    assert_eq!(HEXLOWER.encode(sides[0].get_handshake_hash()), hash);
    assert_eq!(HEXLOWER.encode(sides[1].get_handshake_hash()), hash);

    let (from_initiator, from_responder) = sides[0].dangerously_get_raw_split();
    let mut sealers = [from_initiator, from_responder].map(|key| Sealer::new(Zeroizing::new(key)));
    let mut openers = [from_initiator, from_responder].map(|key| Opener::new(Zeroizing::new(key)));
    for index in handshake_messages..messages.len() {
        let writer = index % 2;
        let (number, sealed) = sealers[writer].seal(&hex(PAYLOADS[index])).unwrap();
        assert_eq!(HEXLOWER.encode(&sealed), messages[index]);
        assert_eq!(openers[writer].open(number, &sealed).unwrap(), hex(PAYLOADS[index]));
    }
}

#[test]
fn kkpsk0_gives_the_published_bytes() {
    check_vector(
        true,
        "cb6446644ec2b5f98feac9826aadfc558ed504e3c4b44395b7ad37c773962a96",
        [
            "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c794416088e45dd5bcdb9bee7037e09be96e5c9750d48aded34648f0663750995e4fa",
            "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843fcf5c1d990871f224ffe090498a03bd50db64dcf448db09194f5a93e1aa73b",
            "4703888dd8d47d781af6a5c61ba22562e2f657883f13d29817d1b6",
            "930c11f54ccb098a7f851e6026aaab4c56ec9100f356d95a9543cd",
            "f31e8e0a4cf849ce4e931cb2cddb10ced898b94164a51bcd9808bea50359674bbb",
            "7144af46873ca3061ca9f2c020b55a8087bba51d2fb7aacec53d39ce6ccf70da0b3e02949a",
        ],
    );
}

#[test]
fn xx_gives_the_published_bytes() {
    check_vector(
        false,
        "6c4c56cf71612f72d05ceb96c0155e6f4ea54a26b504c93de632a2db4a49d200",
        [
            "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573",
            "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088437c365eb362a1c991b0557fe8a7fb187d99346765d93ec63db6c1b01504ebeec55a2298d2dbff80eff034d20595153f63a196a6cead1e11b2bb13e336fa13616dd3e8b0a070c882ed3f1a78c7c06c93",
            "46c3307de83b014258717d97781c1f50936d8b7d50c0722a1739654d10392d415b670c114f79b9a4f80541570f77ce88802efa4220cff733e7b5668ba38059ec904b4b8eef9448085faf51",
            "d5e83adfaac5dc324a68f1862df54549e56d209fba707205f328b2",
            "d102c9029b1f55c788f561ba7737afbccef9c9f1bf2f238167fd40ba9c1c134867",
            "cb1ce80960382c6d5d5e740ffb724d1432f0310b200fb6f8424120f506092744baa415e155",
        ],
    );
}

#[test]
fn public_key_is_the_one_of_rfc_7748() {
    let bob = StaticKey::from_bytes(key("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
    assert_eq!(HEXLOWER.encode(&bob.public()), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
}

#[test]
fn an_ephemeral_key_is_given_once() {
    let mut draw = Draw(Some(Zeroizing::new([7; 32])));
    let mut first = [0; 32];
    assert!(draw.try_fill_bytes(&mut first).is_ok());
    assert_eq!(first, [7; 32]);
    assert!(draw.try_fill_bytes(&mut first).is_err());
}
