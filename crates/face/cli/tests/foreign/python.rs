//! Python, by `ctypes`.

use crate::page::Chapter;
use crate::place::{Place, are_there};

#[test]
fn the_program_in_python_dials_lists_and_hangs_up() {
    if !are_there(&[("python3", "python3")]) {
        return;
    }
    let chapter = Chapter::read("Python");
    let place = Place::new();
    place.write("ras.py", chapter.program("python"));
    place.follow(chapter.commands("ras.py"));
}
