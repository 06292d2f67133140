//! Any text as the rule of a Traefik router.

#![no_main]

mod read;

libfuzzer_sys::fuzz_target!(|rule: &str| {
    // A string of JSON is one of TOML too.
    let rule = serde_json::Value::from(rule);
    let file = format!(
        "[http.routers.r]\nrule = {rule}\nservice = \"s\"\n[[http.services.s.loadBalancer.servers]]\nurl = \"http://a\"\n"
    );
    read::read(hopscope::gateway::Proxy::Traefik, "routes.toml", file.as_bytes());
});
