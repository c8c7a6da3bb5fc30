//! The text for a container's port: `0.0.0.0:8080->80/tcp`, or `80/tcp` if it is not published.

use std::fmt;

use crate::plan::observed::PublishedPort;

impl fmt::Display for PublishedPort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, target, protocol } = self;
        if let Some(host) = host {
            write!(formatter, "{host}->")?;
        }
        write!(formatter, "{target}/{protocol}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_is_in_brackets() {
        let port = |host: Option<&str>| PublishedPort {
            host: host.map(|host| host.parse().unwrap()),
            target: 80,
            protocol: crate::value::port::Protocol::Tcp,
        };
        let hosts = [Some("0.0.0.0:8080"), Some("[::1]:8080"), None];
        let texts = hosts.map(|host| port(host).to_string());
        assert_eq!(texts, ["0.0.0.0:8080->80/tcp", "[::1]:8080->80/tcp", "80/tcp"]);
    }
}
