//! What a select becomes.
//!
//! First the guards and the values that may come back; then, in a block of their own, the
//! operands of the enabled arms and the wait; then one `match` that holds all bodies, in which
//! `?`, `return`, `break` and `continue` mean what they say. The list of arms has always the
//! same shape, an arm that a `#[cfg]` takes away is one that is absent. So the n-th arm is at
//! the same place in the list and in the `match`, whatever the others' attributes say.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::ast::{Arm, Binding, Last, Operation, Select, Value};
use crate::arrow::emit::{Operand, behind, bound, only_field};
use crate::block::ends;
use crate::path::{Facade, hidden};
use crate::tokens::{Trees, trees};

/// The whole expansion: one expression. `at` is where it waits, for its user.
pub(crate) fn expand(facade: &Facade, select: &Select, at: Span) -> Trees {
    let site = hidden(Span::call_site());
    let private = facade.private(site);
    let names: Vec<Names> = (0..select.arms.len()).map(Names::new).collect();
    let expander = Expander {
        facade,
        private,
        site,
        at,
        select,
        names,
    };
    let errors: TokenStream = select.errors.iter().cloned().collect();
    if select.arms.is_empty() && select.defaults.is_empty() && select.elses.is_empty() {
        let private = &expander.private;
        return trees!(site=> { #errors #private::never().await });
    }
    let guards = expander.each(Expander::guard);
    let slots = expander.each(Expander::slot);
    let operands = expander.each(Expander::operand);
    let wait = expander.wait();
    let bodies = expander.bodies();
    trees! {site=> {
        #errors
        #guards
        #slots
        match {
            #operands
            #wait
        } {
            #bodies
        }
    }}
}

/// The invented names of one arm.
struct Names {
    guard: Ident,
    slot: Ident,
    lent: Ident,
    arm: Ident,
}

impl Names {
    fn new(n: usize) -> Self {
        let name = |stem: &str| format_ident!("__chango_{stem}_{n}", span = Span::mixed_site());
        Self {
            guard: name("guard"),
            slot: name("slot"),
            lent: name("lent"),
            arm: name("arm"),
        }
    }
}

struct Expander<'a> {
    facade: &'a Facade,
    /// The private path at the macro call.
    private: Trees,
    site: Span,
    /// Where the select waits.
    at: Span,
    select: &'a Select,
    names: Vec<Names>,
}

impl Expander<'_> {
    fn each(&self, statement: impl Fn(&Self, &Arm, &Names) -> Trees) -> Trees {
        let mut statements = Trees::default();
        for (arm, names) in self.select.arms.iter().zip(&self.names) {
            statements.extend(statement(self, arm, names));
        }
        statements
    }

    fn guard(&self, arm: &Arm, names: &Names) -> Trees {
        let (Some(guard), name) = (&arm.guard, &names.guard) else {
            return Trees::default();
        };
        let cfgs = cfg(&arm.cfgs);
        trees!(self.site=> #cfgs let #name = if #guard { true } else { false };)
    }

    /// The place of a value that may come back.
    fn slot(&self, arm: &Arm, names: &Names) -> Trees {
        let Some(variable) = lent(arm) else {
            return Trees::default();
        };
        let (cfgs, slot, lent, private) = (cfg(&arm.cfgs), &names.slot, &names.lent, &self.private);
        let again = cfgs.clone();
        trees! {self.site=>
            #cfgs
            let #lent = #private::select::lent(&#variable);
            #again
            let mut #slot = #private::select::Slot::empty();
        }
    }

    /// `let arm = Some(operation)`, or `None` if its guard or its `#[cfg]` says so.
    fn operand(&self, arm: &Arm, names: &Names) -> Trees {
        let private = &self.private;
        let (name, condition) = (&names.arm, &names.guard);
        let operation = self.operation(arm, names);
        let enabled = trees!(self.site=> #private::Option::Some(#operation));
        let value = match &arm.guard {
            None => enabled,
            Some(_) => {
                // What a disabled arm would have lent is where it comes back from all the same.
                let slot = &names.slot;
                let kept = lent(arm).map(
                    |variable| trees!(self.site=> #slot = #private::select::Slot::new(#variable);),
                );
                trees! {self.site=>
                    if #condition { #enabled } else { #kept #private::Option::None }
                }
            }
        };
        let (with, without) = (cfg(&arm.cfgs), cfg_not(&arm.cfgs));
        let absent = without
            .map(|without| trees!(self.site=> #without let #name = #private::select::absent();));
        trees!(self.site=> #with let #name = #value; #absent)
    }

    fn operation(&self, arm: &Arm, names: &Names) -> Trees {
        let private = &self.private;
        let some = arm.binding.as_ref().is_some_and(|binding| binding.some);
        match &arm.operation {
            Operation::Receive { from, place } => {
                let operand = match (some, place) {
                    (false, true) => "ReceiveOperand",
                    (false, false) => "OwnedReceiveOperand",
                    (true, true) => "SomeReceiveOperand",
                    (true, false) => "OwnedSomeReceiveOperand",
                };
                from.call(self.facade, [operand, "arm"], used(from, *place))
            }
            Operation::Send {
                to, place, value, ..
            } => {
                let method = if *place { "place" } else { "this" };
                let to = to.call(self.facade, ["SendOperand", method], used(to, *place));
                match value {
                    // Fields and no arguments, for the reason given at the send statement.
                    Value::Given(value) => trees! {self.site=>
                        #private::select::Sending { to: #to, value: #value }.arm()
                    },
                    Value::Lent(variable) => {
                        let slot = &names.slot;
                        trees! {self.site=>
                            #private::select::Lending { to: #to, value: #variable }.arm(&mut #slot)
                        }
                    }
                }
            }
            Operation::Future(future) => {
                let operand = if some {
                    "SomeFutureOperand"
                } else {
                    "FutureOperand"
                };
                future.call(self.facade, [operand, "arm"], future.tokens.clone())
            }
            Operation::Mistaken(read) => {
                let arm = trees!(self.site=> #private::select::mistaken());
                let read = (!read.is_empty()).then(|| trees!(self.site=> let _ = & (#read);));
                trees!(self.site=> { #read #arm })
            }
        }
    }

    fn wait(&self) -> Trees {
        let private = &self.private;
        let nil = trees!(self.site=> #private::select::Nil);
        let cons = &trees!(self.site=> #private::select::Cons::new);
        let list = self.names.iter().rev().fold(
            nil,
            |list, Names { arm, .. }| trees!(self.site=> #cons(#arm, #list)),
        );
        let cfgs: Vec<_> = self
            .select
            .defaults
            .iter()
            .map(|default| &default.cfgs)
            .collect();
        let waits = if cfgs.is_empty() {
            self.wait_by("wait")
        } else if cfgs.iter().any(|cfgs| cfgs.is_empty()) {
            self.wait_by("poll_default")
        } else {
            let (poll, wait) = (self.wait_by("poll_default"), self.wait_by("wait"));
            let any = &Trees::from(quote!(any(#(all(#(#cfgs),*)),*)));
            trees!(self.site=> #[cfg(#any)] #poll #[cfg(not(#any))] #wait)
        };
        // Bound to a name: the wait and the losing arms end here, and not with the `match`.
        let biased = if self.select.biased { "_biased" } else { "" };
        let now = format_ident!("now{biased}", span = self.site);
        // Mostly one is ready, and nothing that could wait need be made.
        trees! {self.site=>
            let __chango_list = #list;
            let __chango_tried = #private::select::#now(__chango_list);
            #waits
            __chango_won
        }
    }

    fn wait_by(&self, function: &str) -> Trees {
        let private = &self.private;
        let biased = if self.select.biased { "_biased" } else { "" };
        let function = format_ident!("{function}{biased}", span = self.site);
        // In the user's code, where the select waits.
        let wait = trees!(self.at=> .await);
        trees! {self.site=>
            let __chango_won = if __chango_tried.done {
                __chango_tried.selected()
            } else {
                #private::select::#function(__chango_tried.arms()) #wait
            };
        }
    }

    fn bodies(&self) -> Trees {
        let private = &self.private;
        let selected = &trees!(self.site=> #private::select::Selected);
        let won = &trees!(self.site=> #private::select::Won);
        let mut bodies = Trees::default();
        // `Later(Later(… This(value)))`: each one holds the one before, and costs no more.
        let later = |inner| trees!(self.site=> #won::Later(#inner));
        let mut this = trees!(self.site=> #won::This(__chango_value));
        let mut rest = trees!(self.site=> __chango_never);
        for (n, arm) in self.select.arms.iter().enumerate() {
            let pattern = &this;
            let (with, without) = (cfg(&arm.cfgs), cfg_not(&arm.cfgs));
            let body = self.body(n, arm);
            bodies.extend(trees!(self.site=> #with #selected::Arm(#pattern) => #body));
            if without.is_some() {
                bodies.extend(trees! {self.site=>
                    #without #selected::Arm(#pattern) => match __chango_value {}
                });
            }
            this = later(this);
            rest = later(rest);
        }
        let rest = trees!(self.site=> #selected::Arm(#rest) => match __chango_never {});
        let default = self.lasts(&self.select.defaults, selected, "Default");
        let otherwise = self.lasts(&self.select.elses, selected, "Disabled");
        trees!(self.site=> #bodies #rest #default #otherwise)
    }

    /// What an arm does when it has won.
    fn body(&self, n: usize, arm: &Arm) -> Trees {
        let mut before = self.restored(Some(n));
        let body = &arm.body;
        let private = &self.private;
        let bound = match (&arm.binding, &arm.operation) {
            (_, Operation::Mistaken(_)) => arm.binding.as_ref().map_or_else(Trees::default, |b| {
                let pattern = &b.pattern[..];
                trees!(self.site=> let #pattern = #private::mistaken();)
            }),
            (Some(Binding { pattern, .. }), _) => bound(pattern, "__chango_value"),
            (None, Operation::Send { arrow, .. }) => {
                let here = trees!(arrow.less=> .location());
                trees! {self.site=>
                    if let #private::Result::Err(__chango_error) = __chango_value {
                        #private::select::settle(__chango_error, #private::Here #here).await;
                    }
                }
            }
            // A value that is not wanted goes before the body runs.
            (None, _) => trees!(self.site=> { let __chango_value = __chango_value; }),
        };
        before.extend(bound);
        behind(before, body, self.site)
    }

    /// Gives back the values of the sends that have lost; all of them, or all but the winner's.
    fn restored(&self, winner: Option<usize>) -> Trees {
        let mut restored = Trees::default();
        for (n, (arm, names)) in self.select.arms.iter().zip(&self.names).enumerate() {
            if let Some(variable) = lent(arm)
                && winner != Some(n)
            {
                let (cfgs, slot, lent, private) =
                    (cfg(&arm.cfgs), &names.slot, &names.lent, &self.private);
                let back = trees!(self.site=> #lent.from(&mut #slot).back(),);
                // All of it where the variable stands, so that this is where it is not `mut`.
                let (first, last) = ends(variable);
                let (equals, back) = (trees!(first=> =), only_field(back, first, last));
                restored.extend(trees! {self.site=>
                    #cfgs
                    // Whether the variable is read again is nobody's business here.
                    #[allow(unused_assignments)]
                    {
                        #[allow(unused_imports)]
                        use #private::select::BackAnyway as _;
                        #variable #equals #back;
                    }
                });
            }
        }
        restored
    }

    /// The `default` or the `else`, and what stands for it where it is absent.
    fn lasts(&self, lasts: &[Last], selected: &Trees, variant: &str) -> Trees {
        let (variant, private) = (&Ident::new(variant, self.site), &self.private);
        let mut arms = Trees::default();
        for Last { cfgs, body, .. } in lasts {
            let (cfgs, body) = (cfg(cfgs), behind(self.restored(None), body, self.site));
            arms.extend(trees! {self.site=>
                #cfgs
                #selected::#variant => #body
            });
        }
        let certain = lasts.iter().any(|last| last.cfgs.is_empty());
        if !certain {
            arms.extend(trees! {self.site=>
                #[allow(unreachable_patterns)]
                #selected::#variant => #private::select::all_disabled(),
            });
        }
        arms
    }
}

/// The variable that an arm lends to its send.
fn lent(arm: &Arm) -> Option<&Trees> {
    match &arm.operation {
        Operation::Send {
            value: Value::Lent(variable),
            ..
        } => Some(variable),
        _ => None,
    }
}

/// An operand, in place or moved.
fn used(operand: &Operand, place: bool) -> Trees {
    if place {
        operand.reference()
    } else {
        operand.tokens.clone()
    }
}

fn cfg(conditions: &[TokenStream]) -> Option<Trees> {
    (!conditions.is_empty()).then(|| quote!(#(#[cfg(#conditions)])*).into())
}

fn cfg_not(conditions: &[TokenStream]) -> Option<Trees> {
    (!conditions.is_empty()).then(|| quote!(#[cfg(not(all(#(#conditions),*)))]).into())
}
