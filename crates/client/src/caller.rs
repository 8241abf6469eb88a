use lamplit_identity::HandshakeKey;
use lamplit_transport_quic::Identity;

/// The device, as it calls servers.
pub(crate) struct Caller(pub(crate) HandshakeKey);

impl Identity for Caller {
    fn public(&self) -> [u8; 32] {
        self.0.public()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        // What is no handshake gets a signature that does not hold.
        self.0.sign(message).unwrap_or([0; 64])
    }
}
