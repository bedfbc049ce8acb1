//! Each way of listing with the pages and the refusals that its documentation gives: from the list to the index to the download.

use super::unusable::{Way, ways};
use super::*;

/// A page, and the header that names the next, if one does.
type ListPage = (Value, Option<(&'static str, &'static str)>);

/// A list of two in two pages, as the registry tells that there is a second.
fn two_pages(way: &Way) -> [ListPage; 2] {
    let only = |place: usize| {
        let mut page = way.page.clone();
        let list = match &mut page {
            Value::Array(list) => list,
            Value::Object(fields) => fields.values_mut().find_map(Value::as_array_mut).unwrap(),
            _ => panic!("no list"),
        };
        *list = vec![list[place].clone()];
        page
    };
    let (mut first, second) = (only(0), only(1));
    let mut header = None;
    match way.asked {
        "_catalog" if way.settings[0].1.contains("azurecr.io") => {
            header = Some((
                "link",
                r#"</v2/_catalog?last=charts%2Fa&n=1000&orderby=>; rel="next""#,
            ));
        }
        "_catalog" => {
            header = Some((
                "link",
                r#"</v2/_catalog?last=charts%2Fa&n=1000>; rel="next""#,
            ));
        }
        "/api/v2.0/" => {
            header = Some((
                "link",
                r#"</api/v2.0/projects/charts/repositories?page=2&page_size=100>; rel="next""#,
            ));
        }
        "api.github.com" => {
            header = Some((
                "link",
                r#"<https://api.github.com/organizations/9919/packages?package_type=container&per_page=100&page=2>; rel="next""#,
            ));
        }
        "/api/v4/" => header = Some(("x-next-page", "2")),
        "hub.docker.com" => {
            first["next"] = json!(
                "https://hub.docker.com/v2/namespaces/acme/repositories?page=2&page_size=100"
            );
        }
        "/api/v1/repository" => first["next_page"] = json!("gAAAAAB+="),
        "artifactregistry.googleapis.com" => first["nextPageToken"] = json!("a+b/="),
        "DescribeRepositories" => first["nextToken"] = json!("a+/=&b"),
        other => panic!("how does {other} name a next page?"),
    }
    [(first, header), (second, None)]
}

/// A refusal of a list, as the registry words it.
fn refusal(way: &Way) -> Fault {
    let (status, body) = match way.asked {
        "_catalog" => (
            401,
            json!({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required", "detail": [{"Type": "registry", "Name": "catalog", "Action": "*"}]}]}),
        ),
        "/api/v2.0/" => (
            403,
            json!({"errors": [{"code": "FORBIDDEN", "message": "forbidden"}]}),
        ),
        "api.github.com" => (
            403,
            json!({"message": "You need at least read:packages scope to list packages.", "status": "403"}),
        ),
        "/api/v4/" => (
            403,
            json!({"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": "api read_api"}),
        ),
        "hub.docker.com" => (
            403,
            json!({"message": "access to the resource is forbidden", "errinfo": {}}),
        ),
        "/api/v1/repository" => (
            401,
            json!({"error_message": "Unauthorized", "error_type": "insufficient_scope", "status": 401}),
        ),
        "artifactregistry.googleapis.com" => (
            403,
            json!({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "Permission 'artifactregistry.packages.list' denied"}}),
        ),
        "DescribeRepositories" => (
            400,
            json!({"__type": "AccessDeniedException", "Message": "User is not authorized to perform: ecr:DescribeRepositories"}),
        ),
        other => panic!("how does {other} refuse?"),
    };
    Fault::status(status).body(body.to_string())
}

/// The world of a way, its registry with both charts, and its key exchanged.
fn with_both(way: &Way) -> World {
    let world = world(way.settings);
    for repository in way.repositories {
        let name = repository.rsplit('/').next().unwrap();
        world.registry.push_version(repository, name, "1.0.0");
    }
    exchanges(way, &world);
    world
}

fn exchanges(way: &Way, world: &World) {
    world.registry.heal();
    if let Some(exchange) = &way.exchange {
        answers(world, "GetAuthorizationToken", exchange, None);
    }
}

fn give(way: &Way, world: &World) {
    let [(first, header), (second, _)] = two_pages(way);
    let mut page = Fault::status(200).body(first.to_string());
    if let Some((name, value)) = header {
        page = page.header(name, value);
    }
    world.registry.inject(way.asked, Some(1), page);
    answers(world, way.asked, &second, None);
}

#[test]
fn each_way_goes_through_its_pages_to_the_index_and_the_downloads() {
    for way in ways() {
        let host = way.settings[0].1;
        let world = with_both(&way);
        give(&way, &world);
        let pass = world.pass();
        assert_eq!((pass.faults, pass.fault), (0, None), "{host}");
        world.rest();
        assert_eq!(world.versions(""), ["a 1.0.0", "b 1.0.0"], "{host}");
        let index: Value = serde_json::from_slice(body(&get(&world, "index.yaml"))).unwrap();
        for name in ["a", "b"] {
            let link = index["entries"][name][0]["urls"][0].as_str().unwrap();
            let package = get(&world, link);
            assert_eq!(package.status(), 200, "{host} {name}");
            let bytes = format!("the package of {name} 1.0.0");
            assert_eq!(body(&package), bytes.as_bytes(), "{host}");
        }
        // Two pages were asked for, and the second was the second.
        let log = world.registry.log();
        let lists: Vec<_> = log
            .iter()
            .filter(|call| {
                let text = format!("{} {}", call.url, call.headers);
                text.contains(way.asked)
            })
            .collect();
        assert_eq!(lists.len(), 2, "{host}");
        let asked = |place: usize| (&lists[place].url, &lists[place].body);
        assert_ne!(asked(0), asked(1), "{host}");
    }
}

#[test]
fn each_way_is_told_of_when_it_is_refused_and_loses_nothing() {
    for way in ways() {
        let host = way.settings[0].1;
        let world = with_both(&way);
        world.registry.inject(way.asked, None, refusal(&way));
        world.wait_for_alarm();
        world.step();
        let index = get(&world, "index.yaml");
        let told = String::from_utf8(body(&index).to_vec()).unwrap();
        let remedy = "name them in REPOSITORIES";
        assert_eq!(index.status(), 502, "{host} {told}");
        assert!(
            told.contains("does not let these credentials list repositories")
                && told.contains(remedy),
            "{host} {told}"
        );
        // Once it lists, all is there; when it refuses again, nothing goes.
        exchanges(&way, &world);
        give(&way, &world);
        world.refresh(None);
        world.pass();
        world.rest();
        let both = ["a 1.0.0", "b 1.0.0"];
        assert_eq!(world.versions(""), both, "{host}");
        exchanges(&way, &world);
        world.registry.inject(way.asked, None, refusal(&way));
        for _ in 0..3 {
            world.pass();
            world.rest();
        }
        assert_eq!(world.versions(""), both, "{host}");
        let fault = info(&world)["enumeration"][0]["fault"].clone();
        assert!(fault.as_str().unwrap().contains(remedy), "{host} {fault}");
    }
}
