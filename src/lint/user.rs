//! Users and groups of a container's process.

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::lint::rule::{Group, Rule, code};
use crate::lint::{may_run_on_windows, services};
use crate::source::Span;
use crate::topology::Topology;
use crate::topology::service::Service;

/// The highest id of a user or group that Engine 28.5 accepts.
const HIGHEST: i64 = i32::MAX as i64;

const INVALID_USER: Code = code!("invalid-user", BAD_VALUE, "A user or group cannot be read.");

pub(super) const RULE: Rule =
    Rule { codes: &[(INVALID_USER, Severity::Error)], group: Group::Correctness, since: "0.1.0", check };

/// Reports users and groups that no image can have; the names in an image are unknown.
pub(super) fn check(topology: &Topology, found: &mut Diagnostics) {
    for (name, service) in services(topology) {
        if !may_run_on_windows(topology, service) {
            if let Some(user) = &service.user {
                check_user(user, topology.place_of(&["services", name.as_str(), "user"]), found);
            }
            for (user, at) in of_hooks(service) {
                check_user(user, at, found);
            }
        }
        for group in &service.group_add.0 {
            if let Err(reason) = check_group(&group.value) {
                refuse(
                    "group",
                    &group.value,
                    &reason,
                    group.span,
                    "write a name or a number: `audio`, `1000`",
                    found,
                );
            }
        }
    }
}

/// A colon separates fields in `/etc/group`, so that no name contains one.
fn check_group(group: &str) -> Result<(), String> {
    check_part(group, "group")?;
    match group.contains(':') && !group.contains('$') {
        true => Err("a name cannot contain `:`, and each group is a separate element".to_owned()),
        false => Ok(()),
    }
}

/// The users of hooks, with the places of those.
fn of_hooks(service: &Service) -> impl Iterator<Item = (&str, Span)> {
    let inside = service.post_start.iter().chain(&service.pre_stop);
    let inside = inside.map(|hook| (hook.user.as_deref(), hook.span));
    let before = service.pre_start.iter().map(|hook| (hook.user.as_deref(), hook.span));
    inside.chain(before).filter_map(|(user, at)| Some((user?, at)))
}

fn check_user(user: &str, at: Span, found: &mut Diagnostics) {
    if user.is_empty() || user.contains('$') {
        return;
    }
    let parts: Vec<&str> = user.split(':').collect();
    let reason = match parts.as_slice() {
        // Either may be left out.
        [user] => check_part(user, "user"),
        [user, group] => {
            let parts = [(*user, "user"), (*group, "group")];
            let mut given = parts.into_iter().filter(|(part, _)| !part.is_empty());
            given.try_for_each(|(part, kind)| check_part(part, kind))
        }
        _ => Err("more than a user and a group".to_owned()),
    };
    if let Err(reason) = reason {
        refuse(
            "user",
            user,
            &reason,
            at,
            "write a name or a number, and a group if need be: `1000:1000`",
            found,
        );
    }
}

fn check_part(part: &str, kind: &str) -> Result<(), String> {
    if part.contains('$') {
        return Ok(());
    }
    if part.is_empty() {
        return Err(format!("the {kind} has no name"));
    }
    if part.contains(char::is_whitespace) {
        return Err("a name cannot contain a space".to_owned());
    }
    if part.contains('.') && part.parse::<f64>().is_ok() {
        return Err(format!("a {kind} is a name or a whole number"));
    }
    let is_number = part.trim_start_matches(['-', '+']).chars().all(|digit| digit.is_ascii_digit());
    match part.parse::<i64>() {
        Ok(number) if !(0..=HIGHEST).contains(&number) => Err(format!("a number is from 0 to {HIGHEST}")),
        Err(_) if is_number => Err(format!("a number is from 0 to {HIGHEST}")),
        _ => Ok(()),
    }
}

fn refuse(kind: &str, text: &str, reason: &str, at: Span, help: &str, found: &mut Diagnostics) {
    found.error(INVALID_USER, format!("`{text}` is not a {kind}")).label(at, reason).help(help);
}
