//! Every configuration in `assets/examples` is read without anything that is not understood.

use std::fs;
use std::path::{Path, PathBuf};

use hopscope::gateway::{self, Options, Proxy};
use hopscope::settings::Machine;

/// The files in a folder of the examples, by name.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/examples").join(folder);
    let entries = fs::read_dir(&folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

#[test]
fn nginx_examples_are_understood() {
    let is_nginx = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("nginx-"));
    let beside = files("").into_iter().filter(is_nginx);
    let all: Vec<PathBuf> = files("nginx").into_iter().chain(beside).collect();
    assert!(all.len() >= 5, "{all:?}");
    for path in all {
        let options = Options { proxy: Some(Proxy::Nginx), ..Options::default() };
        let gateway = gateway::read(std::slice::from_ref(&path), &Machine::new(), options)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(gateway.not_understood, [], "{}", path.display());
        assert!(!gateway.routers.is_empty() && !gateway.listeners.is_empty(), "{}", path.display());
    }
}

#[test]
fn an_ingress_is_understood() {
    let paths = files("ingress-nginx");
    let gateway = gateway::read(&paths, &Machine::new(), Options::default()).unwrap();
    assert_eq!(gateway.proxy, Proxy::Nginx);
    assert_eq!(gateway.not_understood, []);
    let upstreams: Vec<String> = gateway.upstreams().iter().map(ToString::to_string).collect();
    assert_eq!(upstreams, ["app:8000", "page:8080"]);
}
