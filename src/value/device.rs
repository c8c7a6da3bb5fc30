//! Devices: `HOST[:CONTAINER][:PERMISSIONS]`, or the name of a CDI device.
//!
//! Compose Specification, "devices"; Container Device Interface, "Qualified device names".

use crate::value::ValueError;

/// The default permissions of a container on a device: read, write, create nodes.
pub const ALL_PERMISSIONS: &str = "rwm";

/// A device in the short form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortDevice<'a> {
    /// Path on the host, or the name of a CDI device.
    pub source: &'a str,
    /// Path in the container.
    pub target: &'a str,
    /// `r`, `w` and `m`.
    pub permissions: &'a str,
}

impl<'a> ShortDevice<'a> {
    /// Reads the short form. A CDI name such as `vendor.com/class=device` is passed on as it is.
    pub fn parse(text: &'a str) -> Result<Self, ValueError> {
        let parts: Vec<&str> = text.split(':').collect();
        let (source, target, permissions) = match parts.as_slice() {
            [source] => (*source, *source, ALL_PERMISSIONS),
            [source, permissions] if are_permissions(permissions) => (*source, *source, *permissions),
            [source, target] => (*source, *target, ALL_PERMISSIONS),
            [source, target, permissions] => (*source, *target, *permissions),
            _ => {
                let help = "write `/dev/on-host:/dev/in-container:rwm`";
                return Err(ValueError::new("more than three parts", help));
            }
        };
        Ok(Self { source, target, permissions })
    }
}

/// Whether these are one or more of `r`, `w` and `m`.
pub fn are_permissions(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| "rwm".contains(letter))
}

/// Whether a device has a qualified name of the Container Device Interface:
/// `vendor.com/class=device`.
pub fn is_cdi(name: &str) -> bool {
    !name.starts_with('/') && name.contains('/') && name.contains('=')
}

/// Whether the engine accepts a rule of the device control group: `c 1:3 mr`: a kind, two numbers
/// or `*`, and permissions.
pub fn is_cgroup_rule(rule: &str) -> bool {
    // The kernel has 32-bit numbers.
    let is_number = |text: &str| text == "*" || (!text.starts_with('+') && text.parse::<u32>().is_ok());
    let parts: Vec<&str> = rule.split(' ').collect();
    let [kind, numbers, access] = parts.as_slice() else { return false };
    let numbers = numbers.split_once(':');
    matches!(*kind, "a" | "b" | "c")
        && numbers.is_some_and(|(major, minor)| is_number(major) && is_number(minor))
        && access.len() <= 3
        && are_permissions(access)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_short_form_is_read() {
        for (text, wanted) in [
            ("/dev/a", Some(["/dev/a", "/dev/a", "rwm"])),
            ("/dev/a:r", Some(["/dev/a", "/dev/a", "r"])),
            ("/dev/a:/dev/b", Some(["/dev/a", "/dev/b", "rwm"])),
            ("/dev/a:/dev/b:rw", Some(["/dev/a", "/dev/b", "rw"])),
            ("vendor.com/class=one", Some(["vendor.com/class=one", "vendor.com/class=one", "rwm"])),
            ("/dev/a:/dev/b:rw:x", None),
        ] {
            let read = ShortDevice::parse(text).ok();
            assert_eq!(read.map(|read| [read.source, read.target, read.permissions]), wanted, "{text}");
        }
    }

    #[test]
    fn cdi_names_are_told_from_paths() {
        assert!(is_cdi("vendor.com/class=one"));
        assert!(!is_cdi("/dev/a=b") && !is_cdi("snd") && !is_cdi("vendor.com/class"));
    }

    #[test]
    fn rules_of_the_control_group_are_read() {
        for rule in ["c 1:3 mr", "b *:* rwm", "a 1:* w"] {
            assert!(is_cgroup_rule(rule), "{rule}");
        }
        for rule in ["c 1 r", "x 1:3 r", "c 1:3", "c 1:3 rx", "c 1:3 rwmr", "c  1:3 r", "c 4294967296:3 r"] {
            assert!(!is_cgroup_rule(rule), "{rule}");
        }
    }
}
