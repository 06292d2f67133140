//! The set-ups of FastAPI's page on proxies, with the real programs.

mod app_tap;
mod examples;
mod fix;
mod found;
mod nginx;
mod probe;
mod stage;
mod stand_in;
mod streams;
mod tour;
mod traefik;
