//! Two services that claim the same thing, in two texts or in one that they share.

use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::name::ServiceName;

/// A claim of a service.
pub(super) struct Claim<'a> {
    /// The service.
    pub(super) service: &'a ServiceName,
    /// Where it is written.
    pub(super) at: Span,
    /// Its description.
    pub(super) words: String,
}

/// Labels two claims. If both come from one text, it is shown once, with the `extends` that brought
/// it in.
pub(super) fn show(topology: &Topology, [one, other]: [Claim<'_>; 2], diagnostic: &mut Diagnostic) {
    if one.at != other.at {
        diagnostic.label(one.at, one.words).label(other.at, other.words);
        return;
    }
    diagnostic.label(one.at, format!("for `{}` and for `{}`", other.service, one.service));
    for Claim { service, at, .. } in [&other, &one] {
        let extends = topology.extends.get(service.as_str());
        // A text within the service itself is not inherited.
        let says_it = topology.service(service.as_str()).is_some_and(|service| service.span.contains(*at));
        if let Some(extends) = extends.filter(|_| !says_it) {
            diagnostic.label(*extends, format!("`{service}` gets it through `extends`"));
        }
    }
}
