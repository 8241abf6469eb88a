use std::sync::Arc;

use aws_lc_rs::hmac::{HMAC_SHA256, Key};
use quinn::EndpointConfig;
use quinn_proto::HashedConnectionIdGenerator;

use crate::KeyPair;

/// How the socket of a server is set up that may end without a word: started anew with the same key it knows the connections of
/// before by their ids, and tells whoever goes on with one that it is no more (RFC 9000 10.3). Else they would wait until they
/// give it up.
pub fn resetting(key: &KeyPair) -> EndpointConfig {
    let resets = Key::new(HMAC_SHA256, key.secret_for(b"lamplit-server stateless reset 1").as_slice());
    let mut ids = [0; 8];
    ids.iter_mut().zip(key.secret_for(b"lamplit-server connection ids 1").iter()).for_each(|(to, from)| *to = *from);
    let ids = u64::from_le_bytes(ids);
    let mut config = EndpointConfig::new(Arc::new(resets));
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(ids)));
    config
}
