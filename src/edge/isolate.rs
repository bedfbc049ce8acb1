//! What an isolate keeps between requests: plain values only, no future of another request's (see [`Memory`]).

use std::cell::OnceCell;
use std::rc::Rc;

use serde_json::json;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::Env;

use super::{log, sign, verify};
use crate::config::{Config, Problems, var};
use crate::serve::Memory;

/// An isolate's settings and memory.
#[derive(Debug)]
pub(super) struct Isolate {
    /// The settings, or what is wrong with them.
    pub(super) config: Result<Config, Problems>,
    /// What it remembers.
    pub(super) memory: Memory,
}

thread_local! {
    static ISOLATE: OnceCell<Rc<Isolate>> = const { OnceCell::new() };
}

/// This isolate. The settings are read once: a deployment or a changed secret starts new isolates.
pub(super) fn current(env: &Env) -> Rc<Isolate> {
    ISOLATE.with(|isolate| Rc::clone(isolate.get_or_init(|| Rc::new(begin(env)))))
}

fn begin(env: &Env) -> Isolate {
    let config = Config::read(|name| setting(env, name), &merged_with_accounts(env));
    match &config {
        Ok(config) => {
            for warning in &config.warnings {
                log::note("configuration", json!({ "warning": warning.to_string() }));
            }
        }
        Err(problems) => {
            log::fault("configuration", json!({ "problems": problems.to_string() }));
        }
    }
    Isolate {
        config,
        memory: Memory::with(sign::rs256, verify::verify),
    }
}

/// The names of the settings that are merged with `ACCOUNTS`, in an order that is always the same.
fn merged_with_accounts(env: &Env) -> Vec<String> {
    let names = js_sys::Object::keys(env.unchecked_ref::<js_sys::Object>());
    let mut names: Vec<String> = names.iter().filter_map(|name| name.as_string()).collect();
    names.retain(|name| crate::config::is_of_accounts(name));
    names.sort_unstable();
    names
}

/// A setting as text, whether it is a secret, a text or another kind of var.
fn setting(env: &Env, name: &str) -> Option<String> {
    let value = js_sys::Reflect::get(env, &JsValue::from_str(name)).ok()?;
    if let Some(text) = value.as_string() {
        return Some(text);
    }
    if value.is_undefined() {
        return None;
    }
    let json: String = js_sys::JSON::stringify(&value).ok()?.into();
    var::text(&serde_json::from_str(&json).ok()?)
}
