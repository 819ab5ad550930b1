//! All of std's known macros, under every path and delimiter, nested; others are left alone.
#![deny(warnings)]

use std::fmt::Write as _;
use std::io::Write as _;

use chango::prelude::*;

/// A macro with arrows of its own.
macro_rules! arrows {
    ($a:tt <- $b:tt) => {
        concat!(stringify!($a), "←", stringify!($b))
    };
    (<-) => {
        "←"
    };
}

mod named {
    /// No relation of std's.
    #[macro_export]
    macro_rules! named_format {
        (<-) => {
            1
        };
    }
    pub use named_format as format;
}

fn main() {
    run! {
        let (tx, rx) = unbounded::<i32>();
        for i in 0..32 { tx <- i }
        let text = std::format!("{:?}", ::std::vec![(<-rx).unwrap(); 2]);
        assert!(text == "[0, 0]", "{:?}", <-rx);
        assert_eq!(text, format! { "[{}, {0}]", (<-rx).unwrap() - 1 }, "{}", line!());
        assert_ne!(<-rx, <-rx, "two {} {:?}", 1, <-rx);
        debug_assert!((<-rx).is_some());
        debug_assert_eq!(<-rx, Some(5));
        debug_assert_ne!(<-rx, <-rx);
        print!("{}\n", std::format_args!("{:?}{:?}", <-rx, Some(<-rx)));
        eprint!("{v:?}\n", v = <-rx);
        eprintln!["{:?} {:>1$}", <-rx, (<-rx).unwrap() as usize];
        let eleven = dbg!(<-rx);
        let (a, b) = dbg!(<-rx, (tx <- 40).is_ok());
        assert_eq!((eleven, a, b), (Some(13), Some(14), true));
        let mut line = String::new();
        writeln!(line, "{:?}", <-rx).unwrap();
        let n = line.len();
        write!(&mut line, "{}", matches!(<-rx, Some(16 | 17) if n > 1)).unwrap();
        writeln!(std::io::stdout(), "{:?}", <-rx).unwrap();
        assert_eq!(line, "Some(15)\ntrue");
        assert!(core::matches!((<-rx, &*line), (Some(18..=20), l) if !l.is_empty()), "{line}");
        let list = vec![vec![<-rx], vec![format!("{:?}", <-rx).parse().ok()]];
        assert_eq!(list, [[Some(19)], [None]]);
        for how in 0..4 {
            let (rx, n) = (rx.clone(), how);
            let panicked = go! {
                match n {
                    0 => panic!("{:?}", <-rx),
                    1 => unreachable!("{:?}", <-rx),
                    2 => todo!("{:?}", <-rx),
                    _ => unimplemented!("{:?}", <-rx),
                }
            };
            let text = (<-panicked).unwrap_err().into_panic();
            let text = text.downcast_ref::<String>().unwrap();
            assert!(text.contains(&format!("Some({})", 21 + how)), "{text}");
        }
        assert_eq!((arrows!(tx <- v), arrows![<-], named::format!(<-)), ("tx←v", "←", 1));
    }
}
