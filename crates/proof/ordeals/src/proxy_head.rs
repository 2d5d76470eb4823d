//! The head of a request to the HTTP proxy.

pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    onhook_userstack::ordeals::proxy_head(&text);
}
