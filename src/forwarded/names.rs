//! Which headers are forwarding headers.

/// Header names that tell the app about the request as the proxy got it, in the order they are shown.
pub const NAMES: [&str; 12] = [
    "host",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-real-ip",
    "x-replaced-path",
    "x-original-uri",
    "via",
];

/// A header's name as people write it: `X-Forwarded-For` of `x-forwarded-for`.
pub fn written_name(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}
