//! What a name server answers: addresses, a refusal, or nothing of use.

use crate::input::Input;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    if kind & 1 == 0 {
        onhook_userstack::ordeals::name_server_answer(input.0);
        return;
    }
    // Deeper: the head and the question are right, and what follows is the input's.
    let mut message = onhook_userstack::ordeals::question();
    if let [_, _, flags, _, _, questions, _, answers, ..] = &mut message[..] {
        (*flags, *questions, *answers) = (0x81, 1, input.byte());
    }
    message.extend_from_slice(input.0);
    onhook_userstack::ordeals::name_server_answer(&message);
}
