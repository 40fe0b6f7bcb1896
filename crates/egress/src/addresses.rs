//! Addresses of the network that nothing is sent to unless that is allowed: those that lead into the house.
//!
//! An address is judged as it was resolved, and the connection goes to what was judged: a name that leads elsewhere a moment
//! later gains nothing. Lists: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is one of the open internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b); // RFC 6598
    let protocols = a == 192 && b == 0 && c == 0; // RFC 6890
    let benchmarking = a == 198 && (b == 18 || b == 19); // RFC 2544
    let relay = a == 192 && b == 88 && c == 99; // RFC 7526
    !(a == 0
        || a >= 240
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || shared
        || protocols
        || benchmarking
        || relay)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // An IPv4 address in another spelling leads where that leads.
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([h1, h2], [l1, l2]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(h1, h2, l1, l2))
    };
    match (a, b) {
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => embedded(g, h), // NAT64, RFC 6052
        (0x2002, _) => embedded(b, c),                                    // 6to4, RFC 3056
        (0x2001, 0) | (0x2001, 0x0db8) => false,                          // Teredo, documentation
        (0x2001, 2 | 0x10..0x30) => false,                                // benchmarking, ORCHID
        (0x3fff, _) => false,                                             // documentation, RFC 9637
        _ => a & 0xe000 == 0x2000, // Global unicast, RFC 4291; all else is local, multicast or nobody's.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_into_the_house_is_not_public() {
        for private in [
            "127.0.0.1",
            "127.8.9.1",
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "64:ff9b::a00:1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "3fff::1",
            "2002:c0a8:101::1",
            "fec0::1",
            "100::1",
        ] {
            assert!(!is_public(private.parse().expect("an address")), "{private}");
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.0.1",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
    }
}
