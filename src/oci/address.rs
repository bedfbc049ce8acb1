//! Internal addresses: hosts that mean something else on every network (RFC 6890 and the registries of special-purpose addresses at IANA).

use std::net::{Ipv4Addr, Ipv6Addr};

use url::Host;

/// Whether a host can only be this machine.
pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => {
            address.is_loopback()
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|address| address.is_loopback())
        }
    }
}

/// Whether clouds keep there what a machine is told of itself, credentials among it: an address of this link alone (RFC 3927,
/// RFC 4291 §2.5.6), or one of those that AWS (`fd00:ec2::/32`), Alibaba, Azure and Oracle have besides; also as IPv6 carries it.
pub(super) fn is_metadata_service(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            METADATA_NAMES.contains(&name)
        }
        Host::Ipv4(address) => is_metadata_v4(*address),
        Host::Ipv6(address) => {
            address.is_unicast_link_local()
                || matches!(address.segments(), [0xfd00, 0xec2, ..])
                || carried_v4(*address).is_some_and(is_metadata_v4)
        }
    }
}

/// The names that clouds give it: Google, and Alibaba and Tencent.
const METADATA_NAMES: [&str; 3] = [
    "metadata.google.internal",
    "metadata",
    "metadata.tencentyun.com",
];

fn is_metadata_v4(address: Ipv4Addr) -> bool {
    address.is_link_local()
        // Alibaba; Azure's wire server, which is global by its number; Oracle at first.
        || matches!(address.octets(), [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192])
}

/// The IPv4 address that an IPv6 address stands for: compatible and mapped (RFC 4291 §2.5.5), carried by NAT64 (RFC 6052, and the
/// prefix of RFC 8215 whatever its length), of 6to4 (RFC 3056).
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let (high, low) = match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0 | 1, .., high, low] => {
            (high, low)
        }
        [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
    Some(Ipv4Addr::new(a, b, c, d))
}

/// Whether a host is an address, or a name, that is not the same for everybody: loopback, private, link-local (where clouds
/// keep their metadata), shared, for tests or documentation, unspecified, multicast, reserved.
pub(super) fn is_internal(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(_) => is_loopback(host),
        Host::Ipv4(address) => is_internal_v4(*address),
        Host::Ipv6(address) => !is_global_v6(*address),
    }
}

fn is_internal_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        // RFC 6598, shared address space of carriers.
        || (a == 100 && (64..128).contains(&b))
        // RFC 6890, assignments of protocols: DS-Lite, NAT64 discovery, dummies.
        || (a, b, c) == (192, 0, 0)
        // RFC 7526, relays of 6to4, given up.
        || (a, b, c) == (192, 88, 99)
        // RFC 2544, benchmarks.
        || (a == 198 && (18..20).contains(&b))
        // Multicast, reserved and broadcast.
        || a >= 224
}

/// What is not known to be global is not: of IPv6 only an eighth is in use (RFC 4291 §2.4), so that ways to write an IPv4
/// address in IPv6 which somebody's network still honours are out, too.
fn is_global_v6(address: Ipv6Addr) -> bool {
    let embedded = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        !is_internal_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // RFC 4291 §2.5.5.2, IPv4-mapped, and RFC 6052, what NAT64 carries to IPv4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            embedded(high, low)
        }
        // RFC 3056, 6to4.
        [0x2002, high, low, ..] => embedded(high, low),
        // RFC 2928, assignments of protocols (Teredo, benchmarks, ORCHID), and RFC 3849 and 9637, documentation.
        [0x2001, 0..0x200 | 0xdb8, ..] | [0x3fff, 0..0x1000, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn internal_addresses() {
        for (host, expected) in [
            ("127.0.0.1", true),
            ("0.0.0.0", true),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("192.168.0.1", true),
            ("169.254.169.254", true),
            ("100.64.0.1", true),
            ("224.0.0.1", true),
            ("255.255.255.255", true),
            ("[::]", true),
            ("[::1]", true),
            ("[fd00::1]", true),
            ("[fe80::1]", true),
            ("[ff02::1]", true),
            ("[::ffff:10.0.0.1]", true),
            ("[64:ff9b::a9fe:a9fe]", true),
            ("localhost", true),
            ("2130706433", true),
            ("0x7f.1", true),
            ("8.8.8.8", false),
            ("100.128.0.1", false),
            ("[2606:4700::1111]", false),
            // 192.0.0.0/24 is special, its neighbours are not; the same of 198.18.0.0/15.
            ("192.0.1.1", false),
            ("198.17.0.1", false),
            ("198.20.0.1", false),
            ("[64:ff9b::8.8.8.8]", false),
            ("[::ffff:8.8.8.8]", false),
            ("[2002:808:808::]", false),
            ("blobs.example", false),
        ] {
            let url = Url::parse(&format!("https://{host}/")).unwrap();
            assert_eq!(is_internal(&url.host().unwrap()), expected, "{host}");
        }
    }
}
