//! The options of the attributes, and a crate that is known under another name.
#![deny(warnings)]

mod renamed {
    pub use chango as golike;
}

#[chango::main(workers = 2, crate = "crate::renamed::golike")]
async fn main() {
    assert_eq!(renamed::golike::runtime::max_procs(), 2);
}

#[chango::test(workers = 1)]
#[ignore]
async fn a_test() {}
