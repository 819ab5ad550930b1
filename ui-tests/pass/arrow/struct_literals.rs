//! Structs as values, with arrows in their fields, and heads in which a brace opens the body.
#![deny(warnings)]

use chango::prelude::*;

#[derive(Debug, Default, PartialEq)]
struct Point<const N: i32> {
    x: i32,
    y: i32,
}

#[derive(Debug, PartialEq)]
enum Shape {
    At { point: Point<-1>, size: u8 },
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(8);
        for i in 1..=8 { tx <- i }
        let y = 9;
        let (points, point) = bounded::<Point<-1>>(1);
        points <- Point::<-1> { x: (<-rx).unwrap(), y };
        assert_eq!(<-point, Some(Point { x: 1, y: 9 }));
        points <- Point { x: (<-rx).unwrap(), ..Default::default() };
        let Some(Point { x, y: 0 }) = <-point else { unreachable!() };
        assert_eq!(x, 2);
        let (shapes, shape) = bounded(1);
        shapes <- Shape::At {
            size: (<-rx).map_or(0, |n| n as u8),
            #[cfg(any())]
            none: <-nothing,
            point: Point { x: { <-rx }.unwrap(), y: if (<-rx) == Some(5) { 5 } else { 0 } },
        };
        let made = (<-shape).unwrap();
        assert_eq!(made, Shape::At { size: 3, point: Point { x: 4, y: 5 } });
        if let Some(6) = <-rx { tx <- 0 } else { unreachable!() }
        let seven = match <-rx { Some(x) => Point::<0> { x, y }, None => Point { x: 0, y } };
        if seven == (Point { x: (<-rx).unwrap() - 1, y }) { tx <- 1 }
        while let Some(x) = <-rx { if x == 1 { break } }
    }
}
