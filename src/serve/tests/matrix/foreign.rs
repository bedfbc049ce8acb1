//! Pages of other sites.

use http::HeaderName;

use super::*;

/// Whatever would change something is refused where a page of another site has a browser send it, whose credentials it shows; what
/// changes nothing is answered as ever.
#[test]
fn a_page_of_another_site_changes_nothing() {
    let signer = Signer::ed25519("a");
    let (world, digests) = world(&signer);
    let cross_site = (HeaderName::from_static("sec-fetch-site"), "cross-site");
    let origin = (HeaderName::from_static("origin"), "https://evil.example");
    let mut changing = 0;
    for (method, shown, asked) in lines(&digests) {
        for (name, proofs) in columns(&signer) {
            let plain = send(&world, &method, &asked, &proofs[0]);
            for foreign in [[cross_site.clone()], [origin.clone()]] {
                let told = send_with(&world, &method, &asked, &proofs[0], &foreign);
                if method == "GET" {
                    assert_eq!(told.status, plain.status, "{method} {shown} {name}");
                    continue;
                }
                changing += 1;
                assert_eq!(told.status, 403, "{method} {shown} {name}");
                assert_eq!(told.effort, [0; 4], "{method} {shown} {name}");
                assert!(told.shown.contains("another site"), "{}", told.shown);
            }
        }
    }
    assert!(changing > 500, "{changing}");
}
