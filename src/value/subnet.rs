//! Subnets: `172.28.0.0/16`, and the addresses in them.

use std::fmt;
use std::net::IpAddr;

/// Addresses from `first` to `last`, both included, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    is_v4: bool,
    first: u128,
    last: u128,
}

impl Subnet {
    /// Reads `172.28.0.0/16`; the error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((address, prefix)) = text.split_once('/') else {
            return Err("the prefix is missing".to_owned());
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            return Err(format!("`{address}` is not an IP address"));
        };
        let width: u32 = if address.is_ipv4() { 32 } else { 128 };
        let Some(prefix) = prefix.parse::<u32>().ok().filter(|prefix| *prefix <= width) else {
            return Err(format!("the prefix is not a number up to {width}"));
        };
        Ok(Self::around(address, prefix))
    }

    /// The subnet of an address that has the first `prefix` bits in common with it.
    pub fn around(address: IpAddr, prefix: u32) -> Self {
        let width: u32 = if address.is_ipv4() { 32 } else { 128 };
        let hosts = 1_u128.checked_shl(width.saturating_sub(prefix)).map_or(u128::MAX, |count| count - 1);
        let first = number(address) & !hosts;
        Self { is_v4: address.is_ipv4(), first, last: first | hosts }
    }

    /// Whether an address is in it.
    pub fn contains(self, address: IpAddr) -> bool {
        self.is_v4 == address.is_ipv4() && (self.first..=self.last).contains(&number(address))
    }

    /// Whether an address is in both.
    pub fn overlaps(self, other: Self) -> bool {
        self.is_v4 == other.is_v4 && self.first <= other.last && other.first <= self.last
    }

    /// The address that a bridge takes for itself when no gateway is named: the first of the range that
    /// addresses are given out of.
    pub fn default_gateway(self, range: Option<Self>) -> IpAddr {
        let first = range.map_or(self.first, |range| range.first);
        address(self.is_v4, if first == self.first { first + 1 } else { first })
    }

    /// Whether its addresses are those of IPv4.
    pub fn is_v4(self) -> bool {
        self.is_v4
    }

    /// Whether an address means the subnet itself, or everybody in it: no container can have it. A subnet of two
    /// addresses or one has none of these (RFC 3021).
    pub fn reserves(self, address: IpAddr) -> bool {
        let is_small = self.last - self.first < 2;
        let number = number(address);
        !is_small && (number == self.first || (self.is_v4 && number == self.last))
    }

    /// Whether all of it is in another one.
    pub fn is_within(self, other: Self) -> bool {
        self.is_v4 == other.is_v4 && other.first <= self.first && self.last <= other.last
    }

    /// Its first address, which means the subnet itself.
    pub fn network_address(self) -> IpAddr {
        address(self.is_v4, self.first)
    }

    /// Whether it is of no use: the gateway takes its only address.
    pub fn has_one_address(self) -> bool {
        self.first == self.last
    }

    /// Whether every address is in it.
    pub fn has_all_addresses(self) -> bool {
        let most = if self.is_v4 { u128::from(u32::MAX) } else { u128::MAX };
        self.first == 0 && self.last == most
    }

    /// The addresses that one container can have, the highest first.
    pub fn from_highest(self) -> impl Iterator<Item = IpAddr> {
        let addresses = (self.first..=self.last).rev().map(move |number| address(self.is_v4, number));
        addresses.filter(move |address| !self.reserves(*address))
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = 128 - (self.last - self.first).leading_zeros();
        let width = if self.is_v4 { 32 } else { 128 };
        write!(formatter, "{}/{}", self.network_address(), width - hosts)
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn address(is_v4: bool, number: u128) -> IpAddr {
    match u32::try_from(number) {
        Ok(bits) if is_v4 => IpAddr::V4(bits.into()),
        _ => IpAddr::V6(number.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        Subnet::parse(text).expect("a subnet")
    }

    #[test]
    fn subnets_hold_their_addresses_and_nothing_else() {
        let small = subnet("172.28.4.0/30");
        for (address, is_inside) in
            [("172.28.4.0", true), ("172.28.4.3", true), ("172.28.4.4", false), ("::172.28.4.1", false)]
        {
            assert_eq!(small.contains(address.parse().expect("an address")), is_inside, "{address}");
        }
        assert!(subnet("0.0.0.0/0").contains("255.255.255.255".parse().expect("an address")));
        assert!(subnet("::/0").contains("ffff::1".parse().expect("an address")));
    }

    #[test]
    fn overlap_goes_both_ways_and_not_across_families() {
        assert!(subnet("10.0.0.0/8").overlaps(subnet("10.1.0.0/16")));
        assert!(subnet("10.1.0.0/16").overlaps(subnet("10.0.0.0/8")));
        assert!(!subnet("10.0.0.0/16").overlaps(subnet("10.1.0.0/16")));
        assert!(!subnet("::/0").overlaps(subnet("10.0.0.0/8")));
    }

    #[test]
    fn the_highest_address_of_a_container_is_below_that_of_everybody() {
        let highest: Vec<String> =
            subnet("10.0.0.0/30").from_highest().map(|address| address.to_string()).collect();
        assert_eq!(highest, ["10.0.0.2", "10.0.0.1"]);
        let first = subnet("fd00::/64").from_highest().next().expect("there are many");
        assert_eq!(first.to_string(), "fd00::ffff:ffff:ffff:ffff");
    }

    #[test]
    fn a_subnet_is_written_as_it_is_read() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32", "fd00::/64", "::/0"] {
            assert_eq!(subnet(text).to_string(), text);
        }
        assert_eq!(subnet("10.1.2.3/16").to_string(), "10.1.0.0/16");
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(Subnet::parse("10.0.0.0"), Err("the prefix is missing".to_owned()));
        assert_eq!(Subnet::parse("10.0/8"), Err("`10.0` is not an IP address".to_owned()));
        assert_eq!(Subnet::parse("10.0.0.0/33"), Err("the prefix is not a number up to 32".to_owned()));
    }
}
