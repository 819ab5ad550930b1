//! What asks the echo servers: so many connections, each with one message on its way at any time.
//!
//!     echo_load CONNECTIONS SIZE SECONDS SERVER [ARGUMENT...]
//!     echo_load --idle CONNECTIONS SERVER [ARGUMENT...]
//!     echo_load --wrk CONNECTIONS SECONDS SERVER [ARGUMENT...]
//!
//! Starts the server, reads its address from its first line, connects, and sends a message on every
//! connection as soon as the answer to the one before has come, from one thread: mio's epoll and no
//! runtime. Every answer is compared with what was sent. After a fifth of the time, which is not
//! measured, it prints for the rest: requests a second; nanoseconds of the server's CPU time a request;
//! the median and the 99th percentile of what an answer took, in microseconds; the server's resident
//! memory in KiB.
//!
//! With `--idle` each connection has been answered once and is then left alone; what is printed is the
//! server's resident memory before and after in KiB, and bytes a connection.
//!
//! With `--wrk` it is `wrk` that asks, by HTTP and with one thread; what is printed is the same as for echo. An
//! answer that is no success is a failure.
//!
//! Linux only, where `/proc` says what another process costs.

use std::fs;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio, exit};
use std::thread;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &String| text.parse::<usize>().ok();
    let done = match arguments.as_slice() {
        [idle, connections, server @ ..] if idle == "--idle" && !server.is_empty() => {
            number(connections).map(|connections| idle_cost(connections, server))
        }
        [wrk, connections, seconds, server @ ..] if wrk == "--wrk" && !server.is_empty() => {
            match (number(connections), number(seconds)) {
                (Some(connections), Some(seconds)) => Some(wrk_load(connections, seconds, server)),
                _ => None,
            }
        }
        [connections, size, seconds, server @ ..] if !server.is_empty() => {
            match (number(connections), number(size), number(seconds)) {
                (Some(connections), Some(size), Some(seconds)) => {
                    let length = Duration::from_secs(seconds as u64);
                    Some(load(connections, size, length, server))
                }
                _ => None,
            }
        }
        _ => None,
    };
    let Some(done) = done else {
        eprintln!("usage: echo_load CONNECTIONS SIZE SECONDS SERVER [ARGUMENT...]");
        eprintln!("       echo_load --idle CONNECTIONS SERVER [ARGUMENT...]");
        eprintln!("       echo_load --wrk CONNECTIONS SECONDS SERVER [ARGUMENT...]");
        exit(2);
    };
    if let Err(error) = done {
        eprintln!("echo_load: {error}");
        exit(1);
    }
}

/// Requests a second and what they cost.
fn load(connections: usize, size: usize, length: Duration, server: &[String]) -> io::Result<()> {
    let server = Server::start(server)?;
    let mut clients = Clients::connect(server.address, connections, size)?;
    clients.ask_until(Instant::now() + length / 5)?;
    clients.answered.clear();
    let (cpu, start) = (server.cpu()?, Instant::now());
    clients.ask_until(start + length * 4 / 5)?;
    let (cpu, wall) = (server.cpu()? - cpu, start.elapsed());
    let answered = &mut clients.answered;
    if answered.is_empty() {
        return Err(io::Error::other("no answer in all the time"));
    }
    answered.sort_unstable();
    let at =
        |share: f64| answered[(answered.len() - 1).min((answered.len() as f64 * share) as usize)];
    let requests = answered.len() as f64;
    println!(
        "{:.0} {:.0} {} {} {}",
        requests / wall.as_secs_f64(),
        cpu.as_nanos() as f64 / requests,
        at(0.5),
        at(0.99),
        server.memory()?,
    );
    Ok(())
}

/// What a connection costs that has nothing to say.
fn idle_cost(connections: usize, server: &[String]) -> io::Result<()> {
    const SIZE: usize = 64;
    let server = Server::start(server)?;
    // What the first hundred connections bring into memory is the runtime's and not theirs.
    let mut first = Clients::connect(server.address, 100, SIZE)?;
    first.ask_once()?;
    let before = server.settled_memory()?;
    let mut idle = Clients::connect(server.address, connections, SIZE)?;
    idle.ask_once()?;
    let after = server.settled_memory()?;
    let each = (after.saturating_sub(before) * 1024) as f64 / connections as f64;
    println!("{before} {after} {each:.0}");
    Ok(())
}

/// Requests a second and what they cost, by `wrk`.
fn wrk_load(connections: usize, seconds: usize, server: &[String]) -> io::Result<()> {
    let server = Server::start(server)?;
    let url = format!("http://{}/", server.address);
    let wrk = |seconds: usize| {
        let mut wrk = Command::new("wrk");
        wrk.args(["--threads=1", "--latency"])
            .arg(format!("--connections={connections}"))
            .arg(format!("--duration={seconds}s"))
            .arg(&url);
        let said = wrk.output()?;
        String::from_utf8(said.stdout).map_err(io::Error::other)
    };
    // Not measured: the server comes to where it stays.
    wrk(1)?;
    let cpu = server.cpu()?;
    let said = wrk(seconds)?;
    let (cpu, memory) = (server.cpu()? - cpu, server.memory()?);
    if said.contains("Non-2xx") || said.contains("Socket errors") {
        return Err(io::Error::other(said));
    }
    let word_behind = |name: &str| {
        let line = said
            .lines()
            .find(|line| line.trim_start().starts_with(name))?;
        line.split_whitespace().nth(1)
    };
    let requests = said.lines().find_map(|line| {
        line.contains("requests in")
            .then(|| line.split_whitespace().next()?.parse::<f64>().ok())?
    });
    let rate = word_behind("Requests/sec:").and_then(|word| word.parse::<f64>().ok());
    let micros = |name| word_behind(name).and_then(micros);
    let (Some(requests), Some(rate), Some(median), Some(p99)) =
        (requests, rate, micros("50%"), micros("99%"))
    else {
        return Err(io::Error::other(said));
    };
    let each = cpu.as_nanos() as f64 / requests;
    println!("{rate:.0} {each:.0} {median:.0} {p99:.0} {memory}");
    Ok(())
}

/// A time of wrk's in microseconds.
fn micros(word: &str) -> Option<f64> {
    let unit = word.find(char::is_alphabetic)?;
    let number: f64 = word[..unit].parse().ok()?;
    match &word[unit..] {
        "us" => Some(number),
        "ms" => Some(number * 1e3),
        "s" => Some(number * 1e6),
        _ => None,
    }
}

/// The server's process, which ends with this one.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(command: &[String]) -> io::Result<Self> {
        let mut process = Command::new(&command[0])
            .args(&command[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let said = process.stdout.take().expect("it is piped");
        BufReader::new(said).read_line(&mut line)?;
        let address = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { process, address })
    }

    fn proc(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.process.id()))
    }

    /// CPU time of all its threads so far.
    fn cpu(&self) -> io::Result<Duration> {
        let stat = self.proc("stat")?;
        // The name of the program may have spaces in it; its bracket is the last.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        // Linux counts hundredths of a second here, on every architecture that Rust runs on.
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Resident memory in KiB.
    fn memory(&self) -> io::Result<u64> {
        let status = self.proc("status")?;
        status
            .lines()
            .find_map(|line| {
                line.strip_prefix("VmRSS:")?
                    .split_whitespace()
                    .next()?
                    .parse()
                    .ok()
            })
            .ok_or_else(|| io::Error::other("the system does not say how much memory is resident"))
    }

    /// The same once it stays as it is.
    fn settled_memory(&self) -> io::Result<u64> {
        let mut last = self.memory()?;
        loop {
            thread::sleep(Duration::from_millis(300));
            let now = self.memory()?;
            if now.abs_diff(last) < 16 {
                return Ok(now);
            }
            last = now;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is the end of the server.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// All connections.
struct Clients {
    poll: Poll,
    all: Vec<Client>,
    /// What is sent, and where an answer is put.
    message: Vec<u8>,
    buffer: Vec<u8>,
    /// Microseconds that each answer took.
    answered: Vec<u32>,
}

struct Client {
    stream: TcpStream,
    asked: Instant,
    written: usize,
    read: usize,
}

impl Clients {
    fn connect(address: SocketAddr, connections: usize, size: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut all = Vec::with_capacity(connections);
        for index in 0..connections {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut stream, Token(index), interest)?;
            // Nothing was asked yet: the whole of an answer is there.
            let (asked, written, read) = (Instant::now(), size, size);
            all.push(Client {
                stream,
                asked,
                written,
                read,
            });
        }
        Ok(Self {
            poll,
            all,
            message: (0..size).map(|at| (at % 251) as u8).collect(),
            buffer: vec![0; size],
            answered: Vec::new(),
        })
    }

    /// Has each connection ask again and again until `end`, and waits for the last answers.
    fn ask_until(&mut self, end: Instant) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut waiting = 0;
        for index in 0..self.all.len() {
            self.ask(index)?;
            waiting += 1;
        }
        let mut over = false;
        while waiting > 0 {
            self.poll.poll(&mut events, Some(Duration::from_secs(20)))?;
            if events.is_empty() {
                return Err(io::Error::other("no answer in twenty seconds"));
            }
            over = over || Instant::now() >= end;
            for event in &events {
                let index = event.token().0;
                if self.go_on(index)? {
                    if over {
                        waiting -= 1;
                    } else {
                        self.ask(index)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Has each connection ask once.
    fn ask_once(&mut self) -> io::Result<()> {
        self.ask_until(Instant::now())
    }

    fn ask(&mut self, index: usize) -> io::Result<()> {
        let client = &mut self.all[index];
        (client.asked, client.written, client.read) = (Instant::now(), 0, 0);
        client.write(&self.message)
    }

    /// Writes and reads what can be; whether the answer has come with that.
    fn go_on(&mut self, index: usize) -> io::Result<bool> {
        let client = &mut self.all[index];
        let size = self.message.len();
        if client.read == size {
            return Ok(false);
        }
        client.write(&self.message)?;
        while client.read < size {
            match client.stream.read(&mut self.buffer[..size - client.read]) {
                Ok(0) => return Err(io::Error::other("the server has closed a connection")),
                Ok(read) => {
                    if self.buffer[..read] != self.message[client.read..client.read + read] {
                        return Err(io::Error::other("an answer is not what was sent"));
                    }
                    client.read += read;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.answered
            .push(client.asked.elapsed().as_micros() as u32);
        Ok(true)
    }
}

impl Client {
    fn write(&mut self, message: &[u8]) -> io::Result<()> {
        while self.written < message.len() {
            match self.stream.write(&message[self.written..]) {
                Ok(written) => self.written += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
