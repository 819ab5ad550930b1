//! What can be wrong with a select whose arms can all be read.

use proc_macro2::{TokenStream, TokenTree};
use syn::Pat;
use syn::parse::Parser;

use super::ast::{Last, Select};
use crate::message;

/// Adds the errors that it finds.
pub(crate) fn check(select: &mut Select) {
    let mut errors = Vec::new();
    second(&select.defaults, message::TWO_DEFAULTS, &mut errors);
    second(&select.elses, message::TWO_ELSES, &mut errors);
    if let ([default, ..], [otherwise, ..]) = (&select.defaults[..], &select.elses[..])
        && default.cfgs.is_empty()
        && otherwise.cfgs.is_empty()
    {
        errors.push(message::at(otherwise.keyword, message::ELSE_WITH_DEFAULT));
    }
    for binding in select.arms.iter().filter_map(|arm| arm.binding.as_ref()) {
        if is_variable(&binding.pattern) {
            continue;
        }
        let tokens: TokenStream = binding.pattern.iter().cloned().collect();
        // What is no pattern yet is left to the compiler, which sees it as it is.
        let pattern = Pat::parse_multi_with_leading_vert.parse2(tokens);
        if pattern.is_ok_and(|pattern| is_refutable(&pattern)) {
            errors.push(message::under(&binding.pattern, message::REFUTABLE));
        }
    }
    select.errors.append(&mut errors);
}

fn second(last: &[Last], text: &str, errors: &mut Vec<TokenStream>) {
    let without_cfg = last.iter().filter(|last| last.cfgs.is_empty());
    errors.extend(
        without_cfg
            .skip(1)
            .map(|last| message::at(last.keyword, text)),
    );
}

/// Whether a pattern is but a variable, as most are. There is no need to parse it.
fn is_variable(pattern: &[TokenTree]) -> bool {
    match pattern {
        [TokenTree::Ident(name)] => !["None", "true", "false"].iter().any(|other| name == other),
        _ => false,
    }
}

/// Whether a pattern can be seen to be refutable. Of constants and the users' own enums only the
/// compiler knows.
fn is_refutable(pattern: &Pat) -> bool {
    match pattern {
        Pat::Lit(_) | Pat::Range(_) => true,
        Pat::Ident(ident) => {
            let inner = ident
                .subpat
                .as_ref()
                .is_some_and(|(_, inner)| is_refutable(inner));
            inner || (ident.subpat.is_none() && ident.by_ref.is_none() && ident.ident == "None")
        }
        Pat::TupleStruct(tuple) => {
            let name = tuple.path.get_ident();
            name.is_some_and(|name| ["Some", "Ok", "Err"].iter().any(|known| name == known))
                || tuple.elems.iter().any(is_refutable)
        }
        Pat::Path(path) => path.path.is_ident("None"),
        Pat::Tuple(tuple) => tuple.elems.iter().any(is_refutable),
        Pat::Slice(slice) => slice.elems.iter().any(is_refutable),
        Pat::Struct(fields) => fields.fields.iter().any(|field| is_refutable(&field.pat)),
        Pat::Paren(inner) => is_refutable(&inner.pat),
        Pat::Reference(inner) => is_refutable(&inner.pat),
        Pat::Type(typed) => is_refutable(&typed.pat),
        _ => false,
    }
}
