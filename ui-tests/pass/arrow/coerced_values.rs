//! What is sent coerces as a method's argument: unsizing, reborrowing, functions, deref, never.
#![deny(warnings)]

use std::fmt::Display;
use std::rc::Rc;

use chango::prelude::*;

type Job = Box<dyn FnOnce(&str) -> usize + Send>;

fn double(n: i32) -> i32 {
    2 * n
}

async fn coerced(text: &String, list: &mut Vec<i32>) {
    co! {
        let more = vec![3, 4, 5];
        {
            let (tx, rx) = bounded::<&[i32]>(3);
            tx <- &[1, 2];
            tx <- list;
            let sent = tx <- &more;
            sent.unwrap();
            assert_eq!([(<-rx).unwrap().len(), (<-rx).unwrap().len()], [2, 1]);
        }
        let boxed = Box::new(String::from("boxed"));
        let (tx, rx) = bounded::<&str>(2);
        tx <- text;
        (tx <- &boxed).unwrap();
        assert_eq!((<-rx).unwrap_or("") , "text");
        let (tx, rx) = bounded::<Rc<dyn Display>>(2);
        tx <- Rc::new(1);
        tx <- match text.len() { 4 => Rc::new("four"), _ => Rc::new('n') };
        assert_eq!(format!("{}{}", (<-rx).unwrap(), (<-rx).unwrap()), "1four");
        let (tx, rx) = bounded::<&dyn Display>(1);
        tx <- text;
        assert_eq!((<-rx).unwrap().to_string(), "text");
        let (tx, rx) = bounded::<&mut Vec<i32>>(1);
        tx <- list;
        (<-rx).unwrap().push(1);
        drop((tx, rx));
        list.push(2);
    }
}

fn main() {
    run! {
        let (tx, rx) = bounded::<fn(i32) -> i32>(3);
        tx <- double;
        tx <- |n| n + 1;
        tx <- if rx.is_full() { double } else { |n| -n };
        assert_eq!([(<-rx).unwrap()(3), (<-rx).unwrap()(3), (<-rx).unwrap()(3)], [6, 4, -3]);
        let (jobs, job) = bounded::<Job>(2);
        let more = 3;
        jobs <- Box::new(|text| text.len());
        jobs <- Box::new(move |text| text.len() + more);
        assert_eq!((<-job).unwrap()("four") + (<-job).unwrap()("four"), 11);
        let (tx, rx) = bounded::<Option<Box<dyn Display + Send>>>(2);
        tx <- Some(Box::new(1));
        select! { tx <- Some(Box::new("two")) => {} }
        let both = [(<-rx).unwrap().unwrap(), (<-rx).unwrap().unwrap()];
        assert_eq!(format!("{}{}", both[0], both[1]), "1two");
        let (tx, rx) = bounded::<&'static [u8]>(1);
        select! { tx <- b"abc" => assert_eq!((<-rx).unwrap().len(), 3) }
        let (tx, rx) = bounded::<[Box<dyn Display + Send>; 2]>(1);
        tx <- [Box::new(1), Box::new("1")];
        assert_eq!((<-rx).unwrap().map(|shown| shown.to_string()), ["1", "1"]);
    }
    let local = chango::runtime::Builder::new().build().unwrap();
    local.block_on(async { coerced(&"text".to_string(), &mut vec![0]).await });
}
