//! What a Varlink service tells of itself.

use onhook_rpc::{INTERFACE, NAME, reply, reply_error};
use serde_json::{Value, json};

use crate::server::{invalid_parameter, method_not_found};

/// Answers a method of `org.varlink.service`.
pub(crate) fn introspect(method: &str, parameters: &Value) -> Vec<u8> {
    match method {
        "GetInfo" => reply(&json!({
            "vendor": "onhook",
            "product": "Remote Access Connection Manager",
            "version": env!("CARGO_PKG_VERSION"),
            "url": env!("CARGO_PKG_REPOSITORY"),
            "interfaces": ["org.varlink.service", NAME],
        })),
        "GetInterfaceDescription" => match parameters.get("interface").and_then(Value::as_str) {
            Some(NAME) => reply(&json!({ "description": INTERFACE })),
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
