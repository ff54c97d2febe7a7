use rstest::rstest;

use super::EndpointPolicy;
use crate::api::identity::Endpoint;

const VENDOR: &str = "https://cloud.typedb.com";
const CRATE: &str = "https://console.cratedb.cloud";
const SIMULATOR: &str = "http://127.0.0.1:8090";

fn policy(allowed: &[&str], insecure: bool, domains: &[&str]) -> EndpointPolicy {
    let allowed: Vec<_> = allowed.iter().map(|url| Endpoint::new(url)).collect();
    let domains: Vec<_> = domains.iter().map(ToString::to_string).collect();
    EndpointPolicy::new(&allowed, insecure, &domains).unwrap()
}

fn vendors_only() -> EndpointPolicy {
    policy(&[], false, &["typedb.com", "cratedb.net", "cratedb.cloud"])
}

fn demo() -> EndpointPolicy {
    policy(&[SIMULATOR, "https://proxy.example.com:8443"], true, &["typedb.com", "cratedb.net"])
}

#[rstest]
#[case("https://cloud.typedb.com")]
#[case("https://CLOUD.typedb.com/")]
#[case("https://cloud.typedb.com:443")]
#[case(CRATE)]
fn the_vendors_endpoints_need_no_flag(#[case] url: &str) {
    vendors_only().check(&Endpoint::new(url)).unwrap();
}

#[rstest]
#[case(SIMULATOR)]
#[case("https://proxy.example.com:8443")]
fn flags_permit_others(#[case] url: &str) {
    demo().check(&Endpoint::new(url)).unwrap();
}

#[rstest]
#[case("https://evil.example.com", &["--allowed-endpoints=https://evil.example.com"])]
#[case("https://cloud.typedb.com:8443", &["--allowed-endpoints"])]
#[case("https://cloud.typedb.com.evil.example", &["--allowed-endpoints"])]
#[case("https://127.0.0.1:8090", &["--allowed-endpoints"])]
#[case("http://cloud.typedb.com", &["--insecure-endpoints", "--allowed-endpoints"])]
#[case("http://127.0.0.1:8090", &["--insecure-endpoints", "--allowed-endpoints=http://127.0.0.1:8090"])]
#[case("ftp://cloud.typedb.com", &["https://HOST"])]
#[case("https://me:pass@cloud.typedb.com", &["https://HOST"])]
#[case("https://cloud.typedb.com/api", &["https://HOST"])]
#[case("https://cloud.typedb.com?x", &["https://HOST"])]
#[case("https://cloud.typedb.com#x", &["https://HOST"])]
#[case("cloud.typedb.com", &["https://HOST"])]
#[case("", &["https://HOST"])]
fn a_refusal_names_the_way_out(#[case] url: &str, #[case] hints: &[&str]) {
    let refusal = vendors_only().check(&Endpoint::new(url)).unwrap_err().to_string();
    assert!(hints.iter().all(|hint| refusal.contains(hint)), "{refusal}");
}

#[test]
fn an_allowed_endpoint_in_plain_http_still_needs_the_other_flag() {
    let refusal = policy(&[SIMULATOR], false, &[]).check(&Endpoint::new(SIMULATOR)).unwrap_err().to_string();
    assert!(refusal.contains("--insecure-endpoints") && !refusal.contains("--allowed-endpoints"), "{refusal}");
}

#[rstest]
#[case(VENDOR, "abc123-0.cluster.typedb.com:80", "https://abc123-0.cluster.typedb.com:80/")]
#[case(VENDOR, "ABC.TypeDB.com:80", "https://abc.typedb.com:80/")]
#[case(VENDOR, "typedb.com", "https://typedb.com/")]
#[case(VENDOR, "cloud.typedb.com:9000", "https://cloud.typedb.com:9000/")]
#[case(CRATE, "db.aks1.westeurope.azure.cratedb.net:4200", "https://db.aks1.westeurope.azure.cratedb.net:4200/")]
#[case(CRATE, "db.aks1.westeurope.azure.cratedb.net.:4200", "https://db.aks1.westeurope.azure.cratedb.net:4200/")]
#[case(CRATE, "db.eks1.eu-west-1.aws.cratedb.net.", "https://db.eks1.eu-west-1.aws.cratedb.net/")]
#[case(SIMULATOR, "abc.typedb.com:80", "https://abc.typedb.com:80/")]
#[case(SIMULATOR, "127.0.0.1:41234", "http://127.0.0.1:41234/")]
#[case("https://proxy.example.com:8443", "proxy.example.com:1", "https://proxy.example.com:1/")]
fn databases_are_reached_under_the_domains_or_at_the_endpoints_own_host(
    #[case] endpoint: &str,
    #[case] address: &str,
    #[case] url: &str,
) {
    assert_eq!(demo().database_url(&Endpoint::new(endpoint), address).unwrap().as_str(), url);
}

#[rstest]
#[case::other_domain(VENDOR, "evil.example.com:80")]
#[case::no_dot_boundary(VENDOR, "eviltypedb.com:80")]
#[case::prefix(VENDOR, "typedb.com.evil.example:80")]
#[case::trailing_dot(VENDOR, "evil.example.:80")]
#[case::trailing_dots(CRATE, "db.cratedb.net..:4200")]
#[case::dot_alone(CRATE, ".:4200")]
#[case::loopback_with_dot(CRATE, "127.0.0.1.:4200")]
#[case::other_vendor(CRATE, "db.cratedb-dev.net:4200")]
#[case::url_instead_of_address(CRATE, "https://db.cratedb.net:4200")]
#[case::user_info(VENDOR, "abc.typedb.com@evil.example:80")]
#[case::user_info_hides_host(VENDOR, "evil.example:80@abc.typedb.com")]
#[case::path(VENDOR, "evil.example/abc.typedb.com")]
#[case::back_slash(VENDOR, "evil.example\\.typedb.com")]
#[case::query(VENDOR, "evil.example?.typedb.com")]
#[case::fragment(VENDOR, "evil.example#.typedb.com")]
#[case::percent(VENDOR, "evil.example%2f.typedb.com")]
#[case::line_feed(VENDOR, "evil.example\n.typedb.com")]
#[case::look_alike(VENDOR, "abc。evil.example")]
#[case::scheme(VENDOR, "http://abc.typedb.com")]
#[case::empty(VENDOR, "")]
#[case::no_host(VENDOR, ":80")]
#[case::bad_port(VENDOR, "abc.typedb.com:99999")]
#[case::loopback(VENDOR, "127.0.0.1:8090")]
#[case::number(VENDOR, "2130706433:8090")]
#[case::metadata_service(SIMULATOR, "169.254.169.254:80")]
#[case::other_loopback(SIMULATOR, "[::1]:8090")]
#[case::endpoint_not_allowed("https://evil.example", "abc.typedb.com:80")]
fn nothing_else_is_spoken_to(#[case] endpoint: &str, #[case] address: &str) {
    let outcome = demo().database_url(&Endpoint::new(endpoint), address);
    assert!(outcome.is_err(), "{outcome:?}");
}

#[test]
fn a_server_outside_the_domains_is_refused_with_the_flags_name() {
    let endpoint = Endpoint::new(VENDOR);
    let refusal = vendors_only().database_url(&endpoint, "db.example.com:80").unwrap_err().to_string();
    assert!(refusal.contains("db.example.com") && refusal.contains("--data-plane-domains"), "{refusal}");
}

#[rstest]
#[case("")]
#[case(".")]
#[case("exa mple.com")]
#[case("https://example.com")]
#[case("10.0.0.1")]
#[case("a..b")]
fn a_flag_that_names_no_domain_is_refused(#[case] domain: &str) {
    assert!(EndpointPolicy::new(&[], false, &[domain.to_owned()]).is_err());
}

#[test]
fn a_flag_that_names_no_endpoint_is_refused() {
    assert!(EndpointPolicy::new(&[Endpoint::new("example.com")], false, &[]).is_err());
}
