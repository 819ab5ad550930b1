//! Writes the two programs that `run.sh` compiles: the same one with chango and with tokio.
//!
//!     generate LINES DIRECTORY
//!
//! writes `DIRECTORY/chango_LINES.rs` and `DIRECTORY/tokio_LINES.rs`. The body of each is one
//! block of LINES lines: pieces of 20 lines in turn, each with four channel operations and a
//! select; so 1,000 lines have 200 operations and 50 selects, of two to four arms. Both sides of a
//! piece stand below, one above the other. What must hold: they are equally long, do the same
//! operations in the same order, and whichever arm of a select wins, the program prints the same
//! number. Nothing is random.

use std::path::Path;
use std::{env, fs};

/// One piece: chango's lines, and tokio's. `@` becomes the number of the piece.
const PIECES: [(&str, &str); 5] = [
    // A producer, a consumer until the channel is closed, and a select of two arms.
    (
        "\
{
    let (tx, rx) = bounded::<u64>(4);
    let (last, ended) = bounded::<u64>(1);
    go! {
        let mut value = @;
        for step in 0..5_u64 {
            value = (value * 31 + step) % 1_000_003;
            tx <- value;
        }
        last <- value;
    };
    let mut sum = (<-rx).unwrap_or(1);
    for value in <-rx {
        sum += if value % 2 == 0 { value } else { value / 2 };
    }
    select! {
        value = <-ended => total += sum + value.unwrap_or(0),
        <-after(Duration::from_secs(600)) => total += 1_000_000,
    }
}
",
        "\
{
    let (tx, mut rx) = channel::<u64>(4);
    let (last, mut ended) = channel::<u64>(1);
    spawn(async move {
        let mut value = @;
        for step in 0..5_u64 {
            value = (value * 31 + step) % 1_000_003;
            tx.send(value).await.unwrap();
        }
        last.send(value).await.unwrap();
    });
    let mut sum = rx.recv().await.unwrap_or(1);
    while let Some(value) = rx.recv().await {
        sum += if value % 2 == 0 { value } else { value / 2 };
    }
    select! {
        value = ended.recv() => total += sum + value.unwrap_or(0),
        _ = sleep(Duration::from_secs(600)) => total += 1_000_000,
    }
}
",
    ),
    // Requests and answers, and a select of three arms, one of which sends.
    (
        "\
{
    let (requests, taken) = bounded::<(u64, String)>(2);
    let (answers, answered) = bounded::<usize>(2);
    go! {
        while let Some((number, text)) = <-taken {
            let length = text.len() + number as usize % 7;
            if number != @ { answers <- length; }
        }
    };
    for number in 0..3_u64 {
        requests <- (number, format!(\"request {number} of @\"));
        let length = <-answered;
        total += length.map_or(0, |length| length as u64 * 3);
    }
    select! {
        requests <- (@, String::from(\"the last one\")) => total += 1,
        length = <-answered => total += length.map_or(0, |length| length as u64),
        <-after(Duration::from_secs(600)) => total += 1_000_000,
    }
}
",
        "\
{
    let (requests, mut taken) = channel::<(u64, String)>(2);
    let (answers, mut answered) = channel::<usize>(2);
    spawn(async move {
        while let Some((number, text)) = taken.recv().await {
            let length = text.len() + number as usize % 7;
            if number != @ { answers.send(length).await.unwrap(); }
        }
    });
    for number in 0..3_u64 {
        requests.send((number, format!(\"request {number} of @\"))).await.unwrap();
        let length = answered.recv().await;
        total += length.map_or(0, |length| length as u64 * 3);
    }
    select! {
        Ok(()) = requests.send((@, String::from(\"the last one\"))) => total += 1,
        length = answered.recv() => total += length.map_or(0, |length| length as u64),
        _ = sleep(Duration::from_secs(600)) => total += 1_000_000,
    }
}
",
    ),
    // Two sources, merged by a select of four arms in a loop.
    (
        "\
{
    let ((left, from_left), (right, from_right)) = (bounded::<u64>(2), bounded::<u64>(2));
    let (quit, stopped) = bounded::<Vec<u64>>(1);
    go! {
        left <- @ + 1;
        left <- @ * 2 % 9;
        right <- @ + 3;
    };
    let mut seen = Vec::with_capacity(3);
    loop {
        select! {
            Some(value) = <-from_left => seen.push(value),
            Some(value) = <-from_right, if seen.len() < 100 => seen.push(value),
            list = <-stopped => break total += list.map_or(0, |list| list.len() as u64),
            else => break,
        }
        if seen.len() == 3 { quit <- seen.clone(); seen.clear(); }
    }
    total += seen.iter().sum::<u64>();
}
",
        "\
{
    let ((left, mut from_left), (right, mut from_right)) = (channel::<u64>(2), channel::<u64>(2));
    let (quit, mut stopped) = channel::<Vec<u64>>(1);
    spawn(async move {
        left.send(@ + 1).await.unwrap();
        left.send(@ * 2 % 9).await.unwrap();
        right.send(@ + 3).await.unwrap();
    });
    let mut seen = Vec::with_capacity(3);
    loop {
        select! {
            Some(value) = from_left.recv() => seen.push(value),
            Some(value) = from_right.recv(), if seen.len() < 100 => seen.push(value),
            list = stopped.recv() => break total += list.map_or(0, |list| list.len() as u64),
            else => break,
        }
        if seen.len() == 3 { quit.send(seen.clone()).await.unwrap(); seen.clear(); }
    }
    total += seen.iter().sum::<u64>();
}
",
    ),
    // A goroutine that is joined, arrows in larger expressions, and a biased select of two arms.
    (
        "\
{
    let (tx, rx) = bounded::<Point>(1);
    let handle = go! {
        let mut point = Point { x: 1, y: @ };
        point.x += point.y % 5;
        let sent = tx <- point;
        if sent.is_err() { return 0; }
        match point {
            Point { x: 0, y } => y,
            Point { x, y } if x > y => x - y,
            Point { x, y } => { tx <- Point { x: y, y: x }; x + y }
        }
    };
    let Some(Point { x, y }) = <-rx else { unreachable!() };
    assert_eq!((x, y), (1 + y % 5, @), \"piece @\");
    select! {
        biased;
        point = <-rx => { let sum = <-handle; total += sum.unwrap() + point.map_or(0, |p| p.x); }
        <-after(Duration::from_secs(600)) => total += 1_000_000,
    }
",
        "\
{
    let (tx, mut rx) = channel::<Point>(1);
    let handle = spawn(async move {
        let mut point = Point { x: 1, y: @ };
        point.x += point.y % 5;
        let sent = tx.send(point).await;
        if sent.is_err() { return 0; }
        match point {
            Point { x: 0, y } => y,
            Point { x, y } if x > y => x - y,
            Point { x, y } => { tx.send(Point { x: y, y: x }).await.unwrap(); x + y }
        }
    });
    let Some(Point { x, y }) = rx.recv().await else { unreachable!() };
    assert_eq!((x, y), (1 + y % 5, @), \"piece @\");
    select! {
        biased;
        point = rx.recv() => { let sum = handle.await; total += sum.unwrap() + point.map_or(0, |p| p.x); }
        _ = sleep(Duration::from_secs(600)) => total += 1_000_000,
    }
",
    ),
    // Plain code with an arrow here and there, and a select of three arms.
    (
        "\
    let table: Vec<u64> = (0..8).map(|n| n * @ % 17).filter(|&n| n != 3).collect();
    let (tx, rx) = bounded(3);
    let mut best = table.first().copied().unwrap_or_default();
    for (index, &entry) in table.iter().enumerate() {
        best = if entry > best && index % 2 == 0 { entry } else { best };
    }
    if best > 10 { tx <- Some(best); } else { tx <- None::<u64>; }
    let name = match (<-rx).flatten() {
        Some(large) => format!(\"large {large}\"),
        None => format!(\"small {best}\"),
    };
    total += name.bytes().map(u64::from).sum::<u64>() & 0xff;
    tx <- Some(name.len() as u64);
    let (spare, none) = bounded::<u64>(1);
    select! {
        Some(length) = <-rx => total += length.map_or(0, |length| length << 1),
        length = <-none => total += length.unwrap_or(2) * 1_000_000,
        <-after(Duration::from_secs(600)) => drop(spare.clone()),
    }
}
",
        "\
    let table: Vec<u64> = (0..8).map(|n| n * @ % 17).filter(|&n| n != 3).collect();
    let (tx, mut rx) = channel(3);
    let mut best = table.first().copied().unwrap_or_default();
    for (index, &entry) in table.iter().enumerate() {
        best = if entry > best && index % 2 == 0 { entry } else { best };
    }
    if best > 10 { tx.send(Some(best)).await.unwrap(); } else { tx.send(None::<u64>).await.unwrap(); }
    let name = match rx.recv().await.flatten() {
        Some(large) => format!(\"large {large}\"),
        None => format!(\"small {best}\"),
    };
    total += name.bytes().map(u64::from).sum::<u64>() & 0xff;
    tx.send(Some(name.len() as u64)).await.unwrap();
    let (spare, mut none) = channel::<u64>(1);
    select! {
        Some(length) = rx.recv() => total += length.map_or(0, |length| length << 1),
        length = none.recv() => total += length.unwrap_or(2) * 1_000_000,
        _ = sleep(Duration::from_secs(600)) => drop(spare.clone()),
    }
}
",
    ),
];

/// What stands around the body: chango's, and tokio's.
const FRAMES: [(&str, &str); 2] = [
    (
        "\
//! Written by `generate`.
use chango::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point { x: u64, y: u64 }

fn main() {
    let total = run! {
let mut total = 0_u64;
",
        "\
total
    };
    println!(\"{total}\");
}
",
    ),
    (
        "\
//! Written by `generate`.
use std::time::Duration;
use tokio::{select, spawn, sync::mpsc::channel, time::sleep};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point { x: u64, y: u64 }

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
    let total = runtime.block_on(async {
let mut total = 0_u64;
",
        "\
total
    });
    println!(\"{total}\");
}
",
    ),
];

/// The program of one peer.
fn program(lines: usize, frame: (&str, &str), piece: impl Fn(usize) -> &'static str) -> String {
    let body: String = (0..lines / 20)
        .map(|number| piece(number).replace('@', &(number + 3).to_string()))
        .collect();
    assert_eq!(
        body.lines().count(),
        lines,
        "the body has as many lines as was asked for"
    );
    [frame.0, &body, frame.1].concat()
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let [_, lines, directory] = &arguments[..] else {
        panic!("generate LINES DIRECTORY");
    };
    let lines: usize = lines.parse().expect("LINES is a number");
    assert_eq!(lines % 100, 0, "five pieces of 20 lines make a round");
    let [chango, tokio] = FRAMES;
    let programs = [
        ("chango", program(lines, chango, |n| PIECES[n % 5].0)),
        ("tokio", program(lines, tokio, |n| PIECES[n % 5].1)),
    ];
    for (peer, text) in programs {
        let path = Path::new(directory).join(format!("{peer}_{lines}.rs"));
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
