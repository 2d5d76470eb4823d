//! What a Varlink service tells of itself.

use onhook_rpc::{ANSWER, ANSWER_INTERFACE, INTERFACE, NAME, reply, reply_error};
use serde_json::{Value, json};

use crate::server::{invalid_parameter, method_not_found};

/// A Varlink service that tells of itself.
struct Told {
    product: &'static str,
    name: &'static str,
    interface: &'static str,
}

/// Answers a method of `org.varlink.service` for the manager.
pub(crate) fn introspect(method: &str, parameters: &Value) -> Vec<u8> {
    let product = "Remote Access Connection Manager";
    tell(&Told { product, name: NAME, interface: INTERFACE }, method, parameters)
}

/// The same for an answering server.
pub(crate) fn introspect_answering(method: &str, parameters: &Value) -> Vec<u8> {
    let product = "Remote Access answering server";
    tell(&Told { product, name: ANSWER, interface: ANSWER_INTERFACE }, method, parameters)
}

fn tell(told: &Told, method: &str, parameters: &Value) -> Vec<u8> {
    match method {
        "GetInfo" => reply(&json!({
            "vendor": "onhook",
            "product": told.product,
            "version": env!("CARGO_PKG_VERSION"),
            "url": env!("CARGO_PKG_REPOSITORY"),
            "interfaces": ["org.varlink.service", told.name],
        })),
        "GetInterfaceDescription" => match parameters.get("interface").and_then(Value::as_str) {
            Some(name) if name == told.name => reply(&json!({ "description": told.interface })),
            Some("org.varlink.service") => reply(&json!({ "description": VARLINK })),
            Some(other) => {
                reply_error("org.varlink.service.InterfaceNotFound", &json!({ "interface": other }))
            }
            None => invalid_parameter("interface"),
        },
        _ => method_not_found(method),
    }
}

/// The interface that every Varlink service has.
const VARLINK: &str = "\
interface org.varlink.service
method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)
method GetInterfaceDescription(interface: string) -> (description: string)
error InterfaceNotFound (interface: string)
error MethodNotFound (method: string)
error MethodNotImplemented (method: string)
error InvalidParameter (parameter: string)
error PermissionDenied ()
error ExpectedMore ()
";
