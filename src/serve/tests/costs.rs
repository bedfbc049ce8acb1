//! The most that a thousand requests can cost, each hour, by route and by who sends them: the real engine behind the real
//! service. `docs/costs-and-limits.md` shows the table; both change together.
//!
//! | file | holds |
//! |---|---|
//! | `callers` | who sends requests, and the world that they find |
//! | `lines` | the lines of the table |
//! | `changes` | those of who writes, operates and notifies |
//! | `measure` | what a line costs |

mod callers;
mod changes;
mod lines;
mod measure;

use super::matrix::{ROUTES, path_in};
use crate::serve::Memory;
use crate::testing::{Object, request, rs256, verify};
use callers::Caller;
use lines::{Line, NO_CACHE, PAST_CACHES, lines};
use measure::measured;

/// Whoever sends what: either a line of the table tells what it costs, or it is refused and costs nothing.
#[test]
fn every_route_has_a_line_for_each_who_may_ask_it() {
    let lines = lines();
    let known = |route: &&str| ROUTES.contains(route) || PAST_CACHES.contains(route);
    let unknown = lines.iter().flat_map(|line| &line.routes);
    let unknown: Vec<_> = unknown.filter(|route| !known(route)).collect();
    assert!(unknown.is_empty(), "the matrix has no {unknown:?}");
    let mut without = Vec::new();
    for caller in Caller::ALL {
        let scene = caller.scene();
        let object = Object::new(&scene.world);
        let memory = Memory::with(rs256, verify);
        for route in ROUTES.iter().chain(&PAST_CACHES) {
            let told = |line: &Line| line.callers.contains(&caller) && line.routes.contains(route);
            if lines.iter().any(told) {
                continue;
            }
            scene.world.registry.clear_log();
            let (path, past_caches) = match route.split_once(", ") {
                Some((path, _)) => (path, true),
                None => (*route, false),
            };
            let (method, path) = path.split_once(' ').unwrap();
            let path = path_in(path, "team").replace("{digest}", "0123456789abcdef");
            let mut request = request(method, &path, &[], "no package");
            if let Some((name, value)) = caller.proof(&scene) {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            if past_caches {
                let (name, value) = NO_CACHE;
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            let asked = object.asks();
            let handled = scene
                .world
                .serve(&scene.world.registry, &object, &memory, request);
            let refused = handled
                .audit
                .is_some_and(|audit| audit.outcome == "refused");
            let cost = [object.asks() - asked, scene.world.registry.calls()];
            if !refused || cost != [0; 2] {
                let status = handled.response.status();
                without.push(format!("{caller:?}: {route} ({status}, {cost:?})"));
            }
        }
    }
    assert!(
        without.is_empty(),
        "no line of the table tells what these cost:\n{}",
        without.join("\n")
    );
}

#[test]
fn what_a_thousand_requests_in_an_hour_can_cost() {
    let page = std::fs::read_to_string("docs/costs-and-limits.md").unwrap();
    let mut wrong = Vec::new();
    for line in lines() {
        let measured = measured(&line);
        let (name, numbers) = cells(&measured);
        let told = page.lines().map(cells).find(|(told, _)| *told == name);
        let (_, told) = told.unwrap_or_default();
        let fits = |(most, number): (&u64, &u64)| number <= most && *most <= 2 * number + 60;
        if told.len() != 5 || !told.iter().zip(&numbers).all(fits) {
            wrong.push(measured);
        }
    }
    assert!(
        wrong.is_empty(),
        "more than docs/costs-and-limits.md tells, far less, or not told:\n{}",
        wrong.join("\n")
    );
}

/// A line of the table: what it is about, and its numbers.
fn cells(line: &str) -> (Vec<String>, Vec<u64>) {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let name = cells.iter().skip(1).take(2).map(|cell| (*cell).to_owned());
    let numbers = cells.iter().skip(3).filter_map(|cell| cell.parse().ok());
    (name.collect(), numbers.collect())
}
