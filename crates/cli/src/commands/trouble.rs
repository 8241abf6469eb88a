//! Why a file that is waited for does not move, told whenever that changes: also where no bar is seen.

use lamplit_rpc::api::{Nearby, Transfer};
use serde_json::json;

use super::Desk;
use crate::{failure::Failure, output::safe, waiting::Bar};

/// What was told of a file.
#[derive(Default)]
pub(super) struct Trouble {
    /// Why it does not move, as it was told last.
    told: Option<String>,
    /// How far the try was that was first seen after that. What is tried again and again in vain comes no further, and is told
    /// of once.
    from: Option<u64>,
}

/// What there is to tell.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Stuck(String),
    GoesOn,
}

impl Trouble {
    /// Tells what changed with the file `name` of the message `id`: by what is done with it, or, while that is nothing, by
    /// who is `away`.
    pub(super) fn tell(
        &mut self,
        desk: &Desk,
        bar: &Bar,
        (id, name): (&str, &str),
        now: Option<&Transfer>,
        away: Option<String>,
    ) -> Result<(), Failure> {
        let why = match self.hear(now, away) {
            None => return Ok(()),
            Some(News::Stuck(why)) => Some(why),
            Some(News::GoesOn) => None,
        };
        if desk.out.is_json() {
            desk.out.line(&json!({ "id": id, "trouble": why }).to_string())?;
        } else {
            bar.say(&why.map_or_else(|| format!("{name} goes on."), |why| format!("{name}: {}", safe(&why))));
        }
        Ok(())
    }

    fn hear(&mut self, now: Option<&Transfer>, away: Option<String>) -> Option<News> {
        let why = match now {
            Some(Transfer { trouble: Some(why), .. }) => why.clone(),
            Some(Transfer { done, .. }) => {
                self.told.as_ref()?;
                if *done <= *self.from.get_or_insert(*done) {
                    return None;
                }
                *self = Self::default();
                return Some(News::GoesOn);
            }
            None => away?,
        };
        self.from = None;
        if self.told.as_ref() == Some(&why) {
            return None;
        }
        self.told = Some(why.clone());
        Some(News::Stuck(why))
    }
}

/// Why a file of the account `from` does not come, if nobody who may have it is near.
pub(super) fn nobody_near(from: &str, near: &Nearby) -> Option<String> {
    let somebody = !near.own.is_empty() || near.people.iter().any(|person| person.contact == from);
    (!somebody).then(|| "nobody who may have it is near: it comes when somebody is".to_owned())
}

#[cfg(test)]
mod tests;
