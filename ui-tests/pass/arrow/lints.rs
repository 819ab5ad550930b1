//! Lints that are off by default, and all that are on, say nothing of an expansion.
#![deny(warnings, future_incompatible, nonstandard_style, rust_2018_idioms, unused)]
#![deny(rust_2021_compatibility, rust_2024_compatibility, let_underscore_drop, unit_bindings)]
#![deny(elided_lifetimes_in_paths, explicit_outlives_requirements, missing_docs, single_use_lifetimes)]
#![deny(trivial_casts, trivial_numeric_casts, unreachable_pub, unused_import_braces)]
#![deny(unused_qualifications, unused_results, variant_size_differences, unused_lifetimes)]
#![deny(redundant_lifetimes, redundant_imports, macro_use_extern_crate, ambiguous_negative_literals)]
#![deny(unused_parens, unused_braces, unused_must_use, unused_variables, unused_assignments)]
#![deny(unreachable_code, dead_code, non_ascii_idents, missing_copy_implementations)]
#![forbid(unsafe_code)]

use chango::prelude::*;

async fn unit(_: ()) {}

async fn all(tx: Sender<String>, rx: Receiver<String>) -> Option<String> {
    co! {
        tx <- String::new();
        let sent = tx <- String::new();
        drop(sent);
        drop(<-rx);
        for _ in <-rx { break }
        for _v in <-rx.clone() { break }
        if (tx <- String::new()).is_err() { return None }
        while let Some(v) = <-rx { drop(v); break }
        drop(go!(unit(())));
        drop(go! { clone tx; drop(tx); });
        let mut lent = String::new();
        select! {
            _ = <-rx => {}
            tx <- mut lent => {}
            default => drop(lent),
        }
        select! { <-rx => {} default => {} }
        tx <- String::new();
        match <-rx { Some(v) => tx <- v, None => { tx <- String::new() } }
        select! {
            v = <-rx => v,
            Some(v) = <-rx => Some(v),
            sent = tx <- String::new(), if sent_is(&tx) => { drop(sent); None }
            () = sleep(Duration::ZERO) => None,
            else => None,
        }
    }
}

fn sent_is(tx: &Sender<String>) -> bool {
    tx.is_full()
}

fn main() {
    let got = run! {
        let (tx, rx) = bounded(4);
        tx <- "left".to_string();
        all(tx, rx).await
    };
    assert!(got.is_none_or(|text| text.is_empty()));
}
