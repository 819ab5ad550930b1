//! What becomes of a message on chango and on its peers: prints the tables of `docs/channels.md`.
//!
//! Each cell is what happened when the program ran; none is written down in advance.

mod peer;
mod peers;
mod probes;
mod selects;
mod watch;

use std::io;

use crate::peer::Peer;
use crate::peers::{AsyncChannel, Chango, Crossfire, Flume, Kanal, Tokio};
use crate::probes::{Probe, probes};

/// A peer by its name, and what is asked of it.
type Column = (&'static str, Vec<Probe>);

fn main() -> io::Result<()> {
    let tables = [channels(), selects()];
    let mut args = std::env::args().skip(1);
    if let (Some(table), Some(peer), Some(row)) = (args.next(), args.next(), args.next()) {
        watch::answer(find(&tables, &table, &peer, &row).expect("a table, a peer and a row"));
        return Ok(());
    }
    for (number, table) in tables.iter().enumerate() {
        println!("{}", print(number, table)?);
    }
    Ok(())
}

/// What is asked of the channels.
fn channels() -> Vec<Column> {
    vec![
        (Chango::NAME, probes::<Chango>()),
        (Tokio::NAME, probes::<Tokio>()),
        (AsyncChannel::NAME, probes::<AsyncChannel>()),
        (Flume::NAME, probes::<Flume>()),
        (Kanal::NAME, probes::<Kanal>()),
        (Crossfire::NAME, probes::<Crossfire>()),
    ]
}

/// What is asked of those that have a select.
fn selects() -> Vec<Column> {
    vec![
        ("chango", selects::of_chango::probes()),
        ("tokio", selects::of_tokio::probes()),
        ("flume", selects::of_flume::probes()),
        ("crossbeam-channel", selects::of_crossbeam::probes()),
        ("may", selects::of_may::probes()),
    ]
}

/// The probe that a child process is asked for.
fn find(tables: &[Vec<Column>], table: &str, peer: &str, row: &str) -> Option<fn() -> String> {
    let table: &Vec<Column> = tables.get(table.parse::<usize>().ok()?)?;
    let column = table.iter().find(|(name, _)| *name == peer)?;
    Some(column.1.get(row.parse::<usize>().ok()?)?.1)
}

/// Asks everything that stands in a table, and writes it in markdown.
fn print(number: usize, table: &[Column]) -> io::Result<String> {
    let heads = table.iter().map(|&(name, _)| format!(" {} |", head(name)));
    let mut text = format!(
        "| |{}\n|---|{}\n",
        heads.collect::<String>(),
        "---|".repeat(table.len())
    );
    for (row, (question, _)) in table[0].1.iter().enumerate() {
        text += &format!("| {question} |");
        for (peer, _) in table {
            text += &format!(
                " {} |",
                watch::ask([&number.to_string(), peer, &row.to_string()])?
            );
        }
        text += "\n";
    }
    Ok(text)
}

/// A peer with the version that `Cargo.toml` pins it to.
fn head(peer: &str) -> String {
    let manifest = include_str!("../Cargo.toml");
    let line = manifest
        .lines()
        .find(|line| line.starts_with(&format!("{peer} = ")));
    let pinned = line.and_then(|line| line.split_once("\"="));
    let version = pinned.and_then(|(_, rest)| rest.split_once('"'));
    version.map_or(peer.into(), |(version, _)| format!("{peer} {version}"))
}
