//! `Sec-WebSocket-Key`, where a server looks at it.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// Base64 as Python's strict `b64decode` reads it: padding required, spare bits of the last digit not looked at.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// True for 16 bytes in Base64, as RFC 6455 section 4.1 wants a key.
pub(super) fn is_websocket_key(key: &[u8]) -> bool {
    BASE64.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        for (key, good) in [
            ("dGhlIHNhbXBsZSBub25jZQ==", true),
            ("dGhlIHNhbXBsZSBub25jZR==", true),
            ("dGhlIHNhbXBsZSBub25jZQ", false),
            ("dGhlIHNhbXBsZSBub25jZQ== ", false),
            ("c2hvcnQ=", false),
            ("", false),
        ] {
            assert_eq!(is_websocket_key(key.as_bytes()), good, "{key:?}");
        }
    }
}
