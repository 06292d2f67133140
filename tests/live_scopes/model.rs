//! The models, asked through `hopscope predict`: one line in, one line out.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::live::{Ends, Start};
use crate::support::hopscope::BINARY;
use crate::support::peers;

/// A running `hopscope predict`.
pub(crate) struct Model {
    child: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    /// What is installed beside the servers.
    releases: Map<String, Value>,
}

impl Model {
    /// Starts it.
    pub(crate) fn start() -> Self {
        let mut child = Command::new(BINARY)
            .arg("predict")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let releases = peers::installed().map(|(name, release)| (name, json!(release))).collect();
        Self { child, pipes: RefCell::new((input, output)), releases }
    }

    /// What the model says, the reasons left out.
    pub(crate) fn ask(&self, start: &Start, request: &[u8], (peer, local): &Ends) -> Value {
        let libraries = ["h11", "httptools", "uvicorn", "websockets", "wsproto"];
        let libraries: Map<_, _> =
            libraries.iter().map(|name| ((*name).to_owned(), self.releases[*name].clone())).collect();
        let question = json!({
            "id": 0,
            "server": start.server,
            "version": self.releases[start.server],
            "lib": libraries,
            "options": start.options(),
            "peer": [peer.ip(), peer.port()],
            "local": [local.ip(), local.port()],
            "request_base64": STANDARD.encode(request),
        });
        let (input, output) = &mut *self.pipes.borrow_mut();
        writeln!(input, "{question}").expect("it reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("it answers");
        let mut answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let object = answer.as_object_mut().expect("an object");
        object.remove("id");
        if object["outcome"] != "unknown" {
            object.remove("why");
        }
        answer
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
