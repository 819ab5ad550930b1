//! HTTP by hyper over chango, by situation: our server with curl, with sockets of std's and with Go's client;
//! our client with a server written by hand, with Go's and with our own.
//!
//! They need `curl` with HTTP/2, which `.ci/needs` installs. Those with Go say so and do nothing where it is
//! neither in the PATH nor named by `CHANGO_GO`.

mod bodies;
mod clients;
mod curl;
mod endings;
mod go;
mod io;
#[cfg(unix)]
mod server;
mod site;
mod timers;
mod tls;

#[cfg(unix)]
#[path = "../util/example.rs"]
mod example;
#[path = "../util/until.rs"]
mod until;
#[path = "../util/workers.rs"]
mod workers;
