//! What passed after a `101 Switching Protocols`: bytes both ways and, where they are websocket frames, the frames.

/// One websocket frame as it passed (RFC 6455 section 5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Microseconds since the exchange started.
    pub at: u64,
    /// True if the client sent it.
    pub from_client: bool,
    /// True if it ends its message.
    pub fin: bool,
    /// The opcode: 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong.
    pub opcode: u8,
    /// Payload length in bytes.
    pub length: u64,
    /// The first bytes of the payload, unmasked.
    pub preview: Box<[u8]>,
}

/// What passed in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Bytes on the wire.
    pub bytes: u64,
    /// Whole frames seen.
    pub frames: u64,
    /// Of these: text and binary messages' first frames.
    pub messages: u64,
}

/// Both directions of an upgraded connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tunnel {
    /// From the client to the app.
    pub up: Flow,
    /// From the app to the client.
    pub down: Flow,
    /// The newest frames, oldest first; older ones were let go.
    pub recent: Vec<Frame>,
    /// How many frames were let go from `recent`.
    pub forgotten: u64,
    /// Set when the bytes stopped looking like websocket frames; bytes are still counted.
    pub not_frames: bool,
}
