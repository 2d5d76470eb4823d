//! The manager killed at every point of a life over each link.

use anyhow::Result;

use crate::ground::Ground;
use crate::line::Settings;
use crate::over::Over;
use crate::program::Terms;
use crate::situations::sweep;
use crate::tally::Tally;

fn over(ground: &Ground, tally: &mut Tally, over: Over) -> Result<()> {
    sweep(ground, tally, &Terms { over, ..Terms::default() })
}

/// The lock file goes, and the settings of the port come back.
pub(crate) fn serial(ground: &Ground, tally: &mut Tally) -> Result<()> {
    over(ground, tally, Over::serial(ground)?)
}

/// The same, and the modem hangs up.
pub(crate) fn modem(ground: &Ground, tally: &mut Tally) -> Result<()> {
    over(ground, tally, Over::modem()?)
}

/// The concentrator is told by the next manager.
pub(crate) fn pppoe(ground: &Ground, tally: &mut Tally) -> Result<()> {
    over(ground, tally, Over::Pppoe)
}

/// The server is told by the next manager.
pub(crate) fn l2tp(ground: &Ground, tally: &mut Tally) -> Result<()> {
    over(ground, tally, Over::L2tp)
}

/// Two lanes; the kernel ends the first, and with it the server what came over the second.
pub(crate) fn pptp(ground: &Ground, tally: &mut Tally) -> Result<()> {
    over(ground, tally, Over::Pptp)
}

/// Each link by its own way.
pub(crate) fn several(ground: &Ground, tally: &mut Tally) -> Result<()> {
    over(ground, tally, Over::several(ground)?)
}

/// TLS is talked beside the lane.
pub(crate) fn eap(ground: &Ground, tally: &mut Tally) -> Result<()> {
    over(ground, tally, Over::Eap)
}

/// A port that a dead manager has set up must be one at which the kernel has dropped DTR: pseudoterminals
/// have none, so that what tells the kernel to is looked at.
pub(crate) fn behind_the_dead(over: &Over, before: Option<&Settings>) -> Result<String> {
    let now = over.settings()?;
    Ok(match (now, before) {
        (Some(now), Some(before)) if now != *before && !now.drops_dtr => {
            format!("  DTR stays up behind a dead manager: {}\n", now.words)
        }
        _ => String::new(),
    })
}
