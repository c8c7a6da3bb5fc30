//! Two services that ask for one thing, in two texts or in one that both have.

use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::name::ServiceName;

/// What a service asks for.
pub(super) struct Claim<'a> {
    /// The service.
    pub(super) service: &'a ServiceName,
    /// Where it says so.
    pub(super) at: Span,
    /// What is said there.
    pub(super) words: String,
}

/// Shows two claims. Where one text makes both, it is shown once, with the `extends` that brought it in.
pub(super) fn show(topology: &Topology, [one, other]: [Claim<'_>; 2], diagnostic: &mut Diagnostic) {
    if one.at != other.at {
        diagnostic.label(one.at, one.words).label(other.at, other.words);
        return;
    }
    diagnostic.label(one.at, format!("for `{}` and for `{}`", other.service, one.service));
    for Claim { service, at, .. } in [&other, &one] {
        let extends = topology.extends.get(service.as_str());
        // What a service says itself it has from nobody.
        let says_it = topology.service(service.as_str()).is_some_and(|service| service.span.contains(*at));
        if let Some(extends) = extends.filter(|_| !says_it) {
            diagnostic.label(*extends, format!("`{service}` gets it through `extends`"));
        }
    }
}
