//! What a device says of numbers.

use lamplit_types::{AccountId, DeviceId, Now, PhoneNumber};
use lamplit_wire::server::{CodeAnswer, CodeOutcome, CodeVerdict, Down, Goodbye, ShowCode, Verdict};

use super::{Session, Stage, Turn};
use crate::{
    accounts, numbers,
    rates::{Asker, What},
    service::{Failed, Service},
    store::Store,
    texts::Text,
};

impl Session {
    /// A code is wanted. Whoever drives this session sends it, and tells the device then.
    pub(super) async fn want_code<S: Store>(
        &self,
        service: &Service<S>,
        now: Now,
        number: PhoneNumber,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let answer = |outcome| Down::Code(CodeAnswer { number, outcome });
        let Some(key) = &service.settings().codes else {
            turn.say(answer(CodeOutcome::Off));
            return Ok(());
        };
        let mut wait = numbers::wait(service.store(), number, now.wall).await?;
        if wait == 0 {
            wait = self.code_rates(service, now);
        }
        if wait == 0 {
            match numbers::ask(service.store(), key, (number, self.device), now.wall).await? {
                Ok(code) => turn.texts.push(Text { number, code }),
                Err(longer) => wait = longer,
            }
        }
        if wait > 0 {
            let seconds = u32::try_from(wait.div_ceil(1_000)).unwrap_or(u32::MAX);
            turn.say(answer(CodeOutcome::Wait(seconds)));
        }
        Ok(())
    }

    /// How long the device, its network, those of no account or all have to wait, in milliseconds. If none has to, a code is counted.
    fn code_rates<S: Store>(&self, service: &Service<S>, now: Now) -> u64 {
        let askers = [
            Some((Asker::Device(self.device), What::Code)),
            self.network.map(|network| (Asker::Network(network), What::CodeOfNetwork)),
            matches!(self.stage, Stage::Fresh).then_some((Asker::All, What::CodeOfStrangers)),
            Some((Asker::All, What::CodeOfAll)),
        ];
        // Those behind the first that has to wait are not counted.
        askers
            .into_iter()
            .flatten()
            .map(|(asker, what)| service.rates().wait(asker, what, now.mono))
            .find(|wait| *wait > 0)
            .unwrap_or(0)
    }

    pub(super) async fn show_code<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        ShowCode { number, code }: ShowCode,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let Stage::Known(known) = &self.stage else { return Ok(()) };
        if !service.rates().take(self.device, What::ShownCode, now.mono) {
            turn.end(Goodbye::Busy);
            return Ok(());
        }
        let Some(key) = &service.settings().codes else {
            turn.say(Down::Verdict(CodeVerdict { number, verdict: Verdict::Gone }));
            return Ok(());
        };
        let who = (known.account, self.device);
        let shown = numbers::show(service.store(), key, who, (number, code), now.wall).await?;
        turn.say(Down::Verdict(CodeVerdict { number, verdict: shown.verdict }));
        if shown.verdict != Verdict::Right {
            return Ok(());
        }
        self.wake_devices(service, shown.others.into_iter().chain([who.0]), turn).await?;
        self.tell_numbers(service, now, turn).await
    }

    pub(super) async fn free_number<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let Stage::Known(known) = &self.stage else { return Ok(()) };
        let me = known.account;
        let others = numbers::free(service.store(), me, now.wall).await?;
        self.wake_devices(service, others.into_iter().chain([me]), turn).await?;
        self.tell_numbers(service, now, turn).await
    }

    /// Tells the device what its account has of numbers.
    async fn tell_numbers<S: Store>(&mut self, service: &Service<S>, now: Now, turn: &mut Turn) -> Result<(), Failed> {
        let Stage::Known(known) = &mut self.stage else { return Ok(()) };
        let settled = numbers::settle(service.store(), known.account, now.wall).await?;
        known.numbers = settled.numbers;
        turn.say(Down::Numbers(known.numbers));
        self.wake_devices(service, settled.others, turn).await
    }

    /// The same if it is not what the device was told last.
    pub(super) async fn look_at_numbers<S: Store>(
        &mut self,
        service: &Service<S>,
        now: Now,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        let Stage::Known(known) = &mut self.stage else { return Ok(()) };
        let settled = numbers::settle(service.store(), known.account, now.wall).await?;
        if settled.numbers != known.numbers {
            known.numbers = settled.numbers;
            turn.say(Down::Numbers(known.numbers));
        }
        self.wake_devices(service, settled.others, turn).await
    }

    /// The devices of these accounts are to look at what they have.
    pub(super) async fn wake_devices<S: Store>(
        &self,
        service: &Service<S>,
        accounts: impl IntoIterator<Item = AccountId>,
        turn: &mut Turn,
    ) -> Result<(), Failed> {
        for account in accounts {
            let devices: Vec<DeviceId> = accounts::devices(service.store(), account).await?;
            turn.wake.extend(devices.into_iter().filter(|device| *device != self.device));
        }
        Ok(())
    }
}
