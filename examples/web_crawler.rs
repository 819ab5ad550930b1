//! A crawler that visits every page once, goes no deeper than it was told, and stops in time: the context
//! that all its goroutines have ends after 200 ms, and what is being fetched then is given up.
//!
//! `cargo run --example web_crawler`

use std::collections::HashSet;

use chango::context::{self, Context, ContextError};
use chango::prelude::*;

/// A site of which every page takes a while. One never answers.
async fn fetch(page: &str) -> Vec<&'static str> {
    sleep(Duration::from_millis(20)).await;
    match page {
        "/" => vec!["/go", "/rust", "/slow"],
        "/go" => vec!["/", "/go/channels", "/go/context"],
        "/rust" => vec!["/", "/rust/async"],
        "/slow" => std::future::pending().await,
        "/rust/async" => vec!["/rust/async/deeper"],
        _ => vec![],
    }
}

/// What became of one page: the pages that it leads to.
struct Fetched {
    page: &'static str,
    depth: usize,
    links: Result<Vec<&'static str>, ContextError>,
}

async fn crawl(ctx: Context, page: &'static str, depth: usize, fetched: Sender<Fetched>) {
    let links = ctx.run(fetch(page)).await;
    co! { fetched <- Fetched { page, depth, links }; }
}

fn main() {
    const DEEPEST: usize = 2;
    run! {
        let (ctx, _cancel) = context::with_timeout(&context::background(), Duration::from_millis(200));
        let (tx, fetched) = unbounded();
        let mut seen = HashSet::from(["/"]);
        go!(crawl(ctx.clone(), "/", 0, tx.clone()));
        let mut fetching = 1;
        while fetching > 0 {
            let Some(Fetched { page, depth, links }) = <-fetched else { break };
            fetching -= 1;
            match links {
                Ok(links) => {
                    println!("{page} leads to {links:?}");
                    for link in links {
                        if depth < DEEPEST && seen.insert(link) {
                            go!(crawl(ctx.clone(), link, depth + 1, tx.clone()));
                            fetching += 1;
                        }
                    }
                }
                Err(error) => println!("{page} was not fetched: {error}"),
            }
        }
        println!("{} pages seen", seen.len());
    }
}
