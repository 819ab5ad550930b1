#[chango::test]
struct Test;

fn main() {}
