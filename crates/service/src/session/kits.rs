//! What opens accounts: kits that devices bring, and callers of no account who want one.

use lamplit_types::Now;
use lamplit_wire::{
    credential::Signed,
    server::{CodeVerdict, Down, Goodbye, Kit, ShowCode, Verdict},
};

use super::{Session, Stage, Turn};
use crate::{
    kits::{self, Put},
    numbers,
    rates::What,
    service::{Failed, Service},
    store::Store,
};

impl Session {
    /// A device brings its account's kit.
    pub(super) async fn kit<S: Store>(
        &self,
        service: &Service<S>,
        now: Now,
        kit: Signed<Kit>,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let Stage::Known(known) = &self.stage else { return Ok(()) };
        if !service.rates().take(self.device, What::Kit, now.mono) {
            turn.end(Goodbye::Busy);
            return Ok(());
        }
        match kits::put(service.store(), (known.account, self.device), &kit).await? {
            Put::Here(version) => turn.say(Down::KitAt(version)),
            Put::Refused => turn.end(Goodbye::Rules),
        }
        Ok(())
    }

    /// A device of no account shows a code that came to a number, and gets what opens the account of that number. Whoever has no right
    /// code is told no more than that, whether there is such an account or not.
    pub(super) async fn open_account<S: Store>(
        &self,
        service: &Service<S>,
        now: Now,
        ShowCode { number, code }: ShowCode,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        if !service.rates().take(self.device, What::ShownCode, now.mono) {
            turn.end(Goodbye::Busy);
            return Ok(());
        }
        let Some(key) = &service.settings().codes else {
            turn.say(Down::Verdict(CodeVerdict { number, verdict: Verdict::Gone }));
            return Ok(());
        };
        let (verdict, account) = numbers::open(service.store(), key, self.device, (number, code), now.wall).await?;
        if verdict != Verdict::Right {
            turn.say(Down::Verdict(CodeVerdict { number, verdict }));
            return Ok(());
        }
        let opening = match account {
            Some(account) => kits::opening(service.store(), account).await?,
            None => None,
        };
        turn.say(Down::Opening(opening.map(Box::new)));
        Ok(())
    }
}
