//! An import as a session of our own core, so that it can be played and shrunk.

use super::Observer;
use super::shadow::Shadow;
use crate::convert::Story;

/// Gives an import to our core and returns the journal of what that one did: up to where it would have closed each
/// connection, and without those whose beginning is not in the capture.
///
/// It ends early, with a word on why, where the capture cannot be read further or the journal has `most` bytes.
pub fn play_import(story: &mut Story, most: usize) -> (Vec<u8>, Option<String>) {
    let (shadow, journal) = Shadow::recorded(story.prologue());
    let mut observer = Observer { shadow: Some(shadow), ..Observer::new(story.prologue()) };
    let mut trouble = None;
    for observation in story.by_ref() {
        match observation {
            Ok(observation) => observer.observe(observation),
            Err(error) => {
                trouble.get_or_insert(error.to_string());
            }
        }
        while observer.poll().is_some() {}
        if journal.borrow().sink().len() > most {
            trouble = Some(format!("more than {most} bytes are not taken"));
            break;
        }
    }
    drop(observer);
    let mut recorder = journal.borrow_mut();
    recorder.finish();
    (std::mem::take(recorder.sink_mut()), trouble)
}
