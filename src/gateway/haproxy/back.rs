//! The way back: what becomes of a response (`http_ana.c`, `http_process_res_common`, 2.6).

use std::sync::Arc;

use super::apply::{Flow, Run};
use super::config::Config;
use super::message::Fields;
use super::rule::Phase;
use super::sample::Scene;
use crate::exchange::ResponseHead;
use crate::gateway::{Back, NotUnderstood, Onward, Reply, Returned, World};

/// The way back of one request.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// The configuration.
    pub(super) config: Arc<Config>,
    /// The frontend that took it.
    pub(super) front: usize,
    /// The backend that it went to.
    pub(super) back: usize,
    /// The request as it was sent on, and the variables.
    pub(super) scene: Scene,
}

impl Back for Way {
    fn respond(&self, response: &ResponseHead, _: &dyn World) -> Returned {
        let mut scene = self.scene.clone();
        let fields = response.fields().map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec()));
        scene.response = Some((response.status(), fields.collect()));
        let (mut steps, mut unknown) = (Vec::new(), Vec::new());
        let sections = [Some(self.back), Some(self.front).filter(|front| *front != self.back)];
        let sections: Vec<_> =
            sections.into_iter().flatten().filter_map(|index| self.config.sections.get(index)).collect();
        let mut onward = None;
        let mut run = Run { scene: &mut scene, steps: &mut steps, unknown: &mut unknown, phase: Phase::Response };
        for section in &sections {
            let reply = match run.rules(&section.responses, &section.acls) {
                Flow::On => continue,
                Flow::Close => return Returned { steps, onward: Onward::Close, unknown },
                Flow::Reply(reply) => reply,
                Flow::Page(status) => Reply::status(status),
            };
            let fields = reply.fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.clone()));
            run.scene.response = Some((reply.status, fields.collect()));
            onward = Some(reply);
            break;
        }
        for section in &sections {
            run.rules(&section.after, &section.acls);
        }
        let (status, fields) = scene.response.unwrap_or_default();
        let onward = match onward {
            Some(reply) => Onward::Answer(own(status, &fields, reply)),
            None => Onward::Deliver(head(response, status, &fields).unwrap_or_else(|| {
                unknown.push(NotUnderstood { place: None, what: "the response is no HTTP any more".to_owned() });
                response.clone()
            })),
        };
        Returned { steps, onward, unknown }
    }
}

fn own(status: u16, fields: &Fields, reply: Reply) -> Reply {
    let fields = fields.iter().map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.clone()));
    Reply { status, fields: fields.collect(), ..reply }
}

/// The head with other fields.
fn head(response: &ResponseHead, status: u16, fields: &Fields) -> Option<ResponseHead> {
    let reason = if status == response.status() { response.reason() } else { b"" };
    let mut bytes = format!("HTTP/{} {status} ", response.version().number()).into_bytes();
    bytes.extend_from_slice(reason);
    for (name, value) in fields {
        bytes.extend_from_slice(&[b"\r\n", name.as_slice(), b": ", value].concat());
    }
    bytes.extend_from_slice(b"\r\n\r\n");
    ResponseHead::from_wire(bytes).ok()
}
