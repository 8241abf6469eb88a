//! One value of everything that travels, for the tests: each field holds bytes that no other field holds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lamplit_types::{
    AccountId, AppId, AudienceId, Author, BlobId, DeviceId, EnvelopeId, FileName, FileSize, GroupId, Hlc, Incarnation,
    InviteId, MessageId, Name, PhoneNumber, SmsCode, SpaceId, Text, Wall, limits,
};

use crate::bounded::{Bytes, List};
use crate::credential::{
    CertificateBody, DeviceClaim, DeviceList, Generation, ListHead, OneTimeKey, PairId, Removal, RootHash, Signature,
    Signed,
};
use crate::server::{
    AppendOutcome, Appended, CodeAnswer, CodeOutcome, CodeVerdict, ComingNumber, Cursor, Delivery, Down, Epoch, Feed,
    Found, Goodbye, HeldNumber, Item, KeyFor, Kit, KitVersion, Lamp, Lamps, ListMark, ListOf, Members, MembersMark,
    Numbers, Opening, Outcome, Piece, Post, Posted, Resume, SetAt, ShowCode, Shown, Stock, Tally, Up, Verdict, WantKey,
    WantSet, Welcome,
};
use crate::*;

pub(crate) const NOW: Wall = Wall(1_800_000_000_000);
pub(crate) const SIGNATURE: Signature = Signature { r: [0x51; 32], s: [0x52; 32] };
pub(crate) const DEVICE: DeviceId = DeviceId::from_bytes([0xD1; 32]);
pub(crate) const ORIGIN: DeviceId = DeviceId::from_bytes([0xD2; 32]);
pub(crate) const GROUP: GroupId = GroupId::from_bytes([0x97; 16]);
pub(crate) const ACCOUNT: AccountId = AccountId::from_bytes([0xA1; 16]);

/// Every frame kind, named as in `golden.txt`; some in more than one shape.
pub(crate) fn frames() -> Vec<(&'static str, Frame)> {
    let mut frames = vec![
        ("Hello", Frame::Hello(hello())),
        ("Hello to a stranger", Frame::Hello(first_hello())),
        ("List", Frame::List(list())),
        ("KeyRequest", Frame::KeyRequest),
        ("Key", Frame::Key(one_time_key())),
        ("Envelope", Frame::Envelope(envelope())),
        ("Envelope that opens a session", Frame::Envelope(Envelope { suite: Suite::OlmPreKey, ..envelope() })),
        ("Ack", Frame::Ack(EnvelopeId::from_bytes([0xE1; 16]))),
        ("Refuse", Frame::Refuse(EnvelopeId::from_bytes([0xE1; 16]))),
        ("Presence", Frame::Presence(sealed_presence())),
        ("Offer", Frame::Offer(offer(Wants::Offer))),
        ("Offer: enough", Frame::Offer(offer(Wants::Nothing))),
        ("Offer: away too long", Frame::Offer(offer(Wants::Whole))),
        ("Delta", Frame::Delta(delta())),
        ("Whole", Frame::Whole(whole())),
        ("Whole, of one author", Frame::Whole(whole_of_one())),
        ("Have", Frame::Have(Have::Delta { set: set(), author: author(), head: head() })),
        ("Have: refused", Frame::Have(Have::Refused { set: set(), author: author() })),
        ("Have: whole", Frame::Have(Have::Whole { set: set(), author: Some(author()) })),
        ("Knock", Frame::Knock(knock())),
        ("Introduce", Frame::Introduce(introduce())),
        ("Welcome", Frame::Welcome),
    ];
    frames.extend([
        ("Close: duplicate", Frame::Close(CloseReason::Duplicate)),
        ("Close: invite used", Frame::Close(CloseReason::InviteUsed)),
        ("Close: invite expired", Frame::Close(CloseReason::InviteExpired)),
        ("Close: invite unknown", Frame::Close(CloseReason::InviteUnknown)),
        ("Close: clock", Frame::Close(CloseReason::Clock)),
        ("Close: list conflict", Frame::Close(CloseReason::ListConflict)),
        ("Close: full", Frame::Close(CloseReason::Full)),
        ("Close: done", Frame::Close(CloseReason::Done)),
        ("Join", Frame::Join(Join { code: InviteId::from_bytes([0x17; 16]), device: DEVICE, proof: [0x19; 32] })),
        ("Vouch", Frame::Vouch(Vouch { proof: [0x19; 32], list: list(), device: DEVICE, signature: SIGNATURE })),
        ("Claim", Frame::Claim(Claim { claim: Signed { body: claim(), signature: SIGNATURE } })),
        ("Admit", Frame::Admit(admit())),
        ("Recall", Frame::Recall(Recall { after: Bytes::default() })),
        ("Past", Frame::Past(past())),
        ("Removed", Frame::Removed(Removed { root: [7; 32], generation: list().generation })),
        ("Group", Frame::Group(group_part())),
    ]);
    frames
}

/// Every kind of what a device says to a server.
pub(crate) fn ups() -> Vec<(&'static str, Up)> {
    let resume = Resume { account: ACCOUNT, list: hello().list, cursor: Some(cursor()) };
    let stock = Stock { one_time: List::one(one_time_key()), fallback: Some(one_time_key()) };
    vec![
        ("Resume", Up::Resume(resume.clone())),
        ("Resume for the first time", Up::Resume(Resume { cursor: None, ..resume })),
        ("List, to a server", Up::List(list())),
        ("Stock", Up::Stock(stock)),
        ("WantKey", Up::WantKey(WantKey { account: ACCOUNT, device: DEVICE })),
        ("Post", Up::Post(Box::new(Post { account: ACCOUNT, list: ListMark([0x4C; 8]), envelope: envelope() }))),
        ("Collected", Up::Collected(cursor())),
        ("WantList", Up::WantList(ACCOUNT)),
        ("WantCode", Up::WantCode(number())),
        ("ShowCode", Up::ShowCode(ShowCode { number: number(), code: SmsCode::from_random(123_456) })),
        ("FreeNumber", Up::FreeNumber),
        ("Append", Up::Append(Box::new(piece()))),
        ("Append: all count", Up::Append(Box::new(whole_piece()))),
        ("WantSet", Up::WantSet(Box::new(WantSet { set: set(), heads: List::one((author(), head())) }))),
        ("Anew", Up::Anew(set())),
        ("Members", Up::Members(Box::new(members()))),
        ("Kit", Up::Kit(Box::new(kit()))),
        ("Open", Up::Open(ShowCode { number: number(), code: SmsCode::from_random(123_456) })),
        ("Light", Up::Light(Box::new(sealed_presence()))),
        ("WantLamps", Up::WantLamps(300)),
    ]
}

/// Every kind of what a server says to a device.
pub(crate) fn downs() -> Vec<(&'static str, Down)> {
    let posted = |outcome| Down::Posted(Posted { id: EnvelopeId::from_bytes([0xE1; 16]), outcome });
    let key_for = |found| Down::Key(KeyFor { device: DEVICE, found });
    let delivery = Delivery { account: ACCOUNT, device: DEVICE, envelope: envelope() };
    let items = List::one(Item::Envelope(Box::new(delivery)));
    let code = |outcome| Down::Code(CodeAnswer { number: number(), outcome });
    let verdict = |verdict| Down::Verdict(CodeVerdict { number: number(), verdict });
    let list_of = |list| Down::ListOf(Box::new(ListOf { account: ACCOUNT, list }));
    let records = vec![Item::Piece(Box::new(piece())), Item::Set(set())].try_into().unwrap();
    let appended = |outcome| Down::Appended(Appended { set: set(), author: author(), head: head(), outcome });
    let none = SetAt { set: set(), heads: List::new(), more: false, members: None };
    let opening = Opening { kit: kit(), list: list() };
    vec![
        ("Welcome, of a server", Down::Welcome(welcome(Numbers::default()))),
        ("Welcome, of a server with numbers", Down::Welcome(welcome(numbers()))),
        ("ShowList", Down::ShowList),
        ("Feed", Down::Feed(Feed { items, cursor: cursor(), last: true, gap: false })),
        ("Feed with records", Down::Feed(Feed { items: records, cursor: cursor(), last: false, gap: true })),
        ("Posted: kept", posted(Outcome::Kept)),
        ("Posted: nobody", posted(Outcome::Nobody)),
        ("Posted: full", posted(Outcome::Full)),
        ("Posted: expired", posted(Outcome::Expired)),
        ("Posted: busy", posted(Outcome::Busy)),
        ("Posted: failed", posted(Outcome::Failed)),
        ("Key, of a server", key_for(Found::Key(one_time_key()))),
        ("Key, of a server: nothing", key_for(Found::Nothing)),
        ("Key, of a server: busy", key_for(Found::Busy)),
        ("Stocked", Down::Stocked(300)),
        ("List, of a server", Down::List(list())),
        ("Removed, of a server", Down::Removed(Box::new(Removed { root: [7; 32], generation: list().generation }))),
        ("ListOf", list_of(Some(list()))),
        ("ListOf nobody", list_of(None)),
        ("Goodbye: newer", Down::Goodbye(Goodbye::Newer)),
        ("Goodbye: stopping", Down::Goodbye(Goodbye::Stopping)),
        ("Goodbye: not listed", Down::Goodbye(Goodbye::NotListed)),
        ("Goodbye: list refused", Down::Goodbye(Goodbye::ListRefused)),
        ("Goodbye: closed", Down::Goodbye(Goodbye::Closed)),
        ("Goodbye: rules", Down::Goodbye(Goodbye::Rules)),
        ("Goodbye: busy", Down::Goodbye(Goodbye::Busy)),
        ("Goodbye: failing", Down::Goodbye(Goodbye::Failing)),
        ("Code: sent", code(CodeOutcome::Sent)),
        ("Code: wait", code(CodeOutcome::Wait(300))),
        ("Code: unreachable", code(CodeOutcome::Unreachable)),
        ("Code: failed", code(CodeOutcome::Failed)),
        ("Code: off", code(CodeOutcome::Off)),
        ("Verdict: right", verdict(Verdict::Right)),
        ("Verdict: wrong", verdict(Verdict::Wrong(4))),
        ("Verdict: gone", verdict(Verdict::Gone)),
        ("Numbers: none", Down::Numbers(Numbers::default())),
        ("Numbers", Down::Numbers(numbers())),
        ("Appended: kept", appended(AppendOutcome::Kept)),
        ("Appended: elsewhere", appended(AppendOutcome::Elsewhere)),
        ("Appended: full", appended(AppendOutcome::Full)),
        ("Appended: busy", appended(AppendOutcome::Busy)),
        ("Appended: failed", appended(AppendOutcome::Failed)),
        ("Piece", Down::Piece(Box::new(piece()))),
        ("SetAt", Down::SetAt(Box::new(set_at()))),
        ("SetAt: nothing", Down::SetAt(Box::new(none))),
        ("KitAt", Down::KitAt(Some(kit().version))),
        ("KitAt: none", Down::KitAt(None)),
        ("Opening", Down::Opening(Some(Box::new(opening)))),
        ("Opening: nothing", Down::Opening(None)),
        ("Lamp", Down::Lamp(Box::new(Lamp { number: 300, shown: shown() }))),
        ("Lamps", Down::Lamps(Box::new(Lamps { shown: List::one(shown()), upto: Some(300) }))),
        ("Lamps: more to come", Down::Lamps(Box::new(Lamps { shown: List::one(shown()), upto: None }))),
        ("LampsAt", Down::LampsAt(300)),
    ]
}

fn piece() -> Piece {
    let (after, to) = (head(), Head { seq: 301, chain: Chain([0xC5; 16]) });
    let tally = Tally { set: set(), author: author(), after, to, live: 1, device: ORIGIN };
    Piece { delta: delta(), tally: Some(Signed { body: tally, signature: SIGNATURE }) }
}

fn whole_piece() -> Piece {
    let entries = List::one(LogEntry::Live(Box::new(record())));
    Piece { delta: Delta { entries, ..delta() }, tally: None }
}

fn members() -> Members {
    Members { audience: audience(), accounts: List::one(ACCOUNT), first: true, last: false }
}

fn set_at() -> SetAt {
    let heads = List::one((author(), head()));
    SetAt { set: set(), heads, more: true, members: Some(MembersMark([0x3E; 16])) }
}

fn welcome(numbers: Numbers) -> Welcome {
    let kit = (numbers != Numbers::default()).then_some(kit().version);
    Welcome { epoch: Epoch([0xE9; 8]), time: NOW, stock: 300, numbers, kit }
}

fn kit() -> Signed<Kit> {
    let version = KitVersion { generation: 2, friends: 300 };
    let body = Kit { account: ACCOUNT, version, device: DEVICE, sealed: vec![0xBB; 300].try_into().unwrap() };
    Signed { body, signature: SIGNATURE }
}

fn number() -> PhoneNumber {
    PhoneNumber::parse("+8613800138000").unwrap()
}

fn numbers() -> Numbers {
    let coming = PhoneNumber::parse("+4915112345678").unwrap();
    Numbers {
        held: Some(HeldNumber { number: number(), leaves: Some(NOW) }),
        coming: Some(ComingNumber { number: coming, at: NOW }),
    }
}

fn cursor() -> Cursor {
    Cursor { epoch: Epoch([0xE9; 8]), place: 300 }
}

/// What is sealed inside an envelope, in every shape.
pub(crate) fn contents() -> Vec<(&'static str, Content)> {
    let grant = AudienceGrant { audience: audience(), generation: 3, day: 20_833, key: [0x4B; 32], beacon: [0x4C; 32] };
    let id = MessageId::from_bytes([0x1D; 16]);
    let receipt = |progress| Body::Receipt { progress, ids: vec![id, id].try_into().unwrap() };
    let note = |note| Body::FileNote { id, note };
    vec![
        ("Content: text", content(Body::Text { id, text: Text::parse("h\u{e9}llo").unwrap() })),
        (
            "Content: text to a group",
            Content {
                conversation: GROUP.into(),
                ..content(Body::Text { id, text: Text::parse("h\u{e9}llo").unwrap() })
            },
        ),
        ("Content: delivered", content(receipt(Progress::Delivered))),
        ("Content: read", content(receipt(Progress::Read))),
        ("Content: audience key", content(Body::Grant(grant))),
        ("Content: file", content(Body::File { id, card: Box::new(card()) })),
        ("Content: picture", content(Body::File { id, card: Box::new(picture()) })),
        ("Content: fetched", content(note(FileNote::Fetched))),
        ("Content: declined", content(note(FileNote::Declined))),
        ("Content: withdrawn", content(note(FileNote::Withdrawn))),
        ("Content: told", content(Body::Told(past_message()))),
        ("Content: heard", Content { seq: 0, base: 0, ..content(Body::Heard(hello().received.unwrap())) }),
        (
            "Content: unreadable",
            Content {
                seq: 0,
                base: 0,
                ..content(Body::Unreadable {
                    ids: List::one(EnvelopeId::from_bytes([0xE1; 16])),
                    received: hello().received,
                })
            },
        ),
        ("Content: group", Content { conversation: GROUP.into(), ..content(Body::Group(Box::new(group_part()))) }),
        ("Content: group wanted", Content { conversation: GROUP.into(), ..content(Body::GroupWanted) }),
        ("Content: account keys", content(Body::Keys(account_secrets()))),
        (
            "Content: pair secret",
            content(Body::Pair(PairGift { id: PairId { generation: 2, id: [0x9A; 8] }, secret: [0x9B; 32] })),
        ),
    ]
}

/// What is sealed inside a record, in every shape.
pub(crate) fn entries() -> Vec<(&'static str, Entry)> {
    let value = || Value::Set(vec![0x7E; 5].try_into().unwrap());
    vec![
        ("Entry: profile", entry(Kind::Profile, value())),
        ("Entry: contact", entry(Kind::Contact, value())),
        ("Entry: pair secret", entry(Kind::PairSecret, value())),
        ("Entry: audience key", entry(Kind::AudienceKey, value())),
        ("Entry: device", entry(Kind::Device, value())),
        ("Entry: cut-off", entry(Kind::CutOff, value())),
        ("Entry: server", entry(Kind::Server, value())),
        ("Entry: gone", entry(Kind::Contact, Value::Gone)),
    ]
}

fn content(body: Body) -> Content {
    Content {
        conversation: ACCOUNT.into(),
        incarnation: Incarnation(7),
        seq: 300,
        base: 299,
        sent: clock(),
        mark: Mark([0x3A; 16]),
        body,
    }
}

fn card() -> FileCard {
    FileCard {
        blob: BlobId::from_bytes([0xB1; 16]),
        key: [0xB2; 32],
        hash: [0xB3; 32],
        size: FileSize::new(300).unwrap(),
        name: FileName::tamed("a.txt"),
        media: Media::Other,
        preview: Vec::new().try_into().unwrap(),
        caption: None,
    }
}

fn picture() -> FileCard {
    FileCard {
        media: Media::Picture { width: 300, height: 200 },
        preview: vec![0xB4; 5].try_into().unwrap(),
        caption: Some(Text::parse("hi").unwrap()),
        ..card()
    }
}

fn entry(kind: Kind, value: Value) -> Entry {
    Entry { kind, entity: [0xEE; 16], field: 2, born: clock(), value }
}

pub(crate) fn hello() -> Hello {
    Hello {
        list: ListHead { generation: 2, hash: [0x4C; 32] },
        your_list: ListHead { generation: 1, hash: [0x59; 32] },
        incarnation: Incarnation(7),
        received: Some(Received { incarnation: Incarnation(8), seq: 300, highest: 302, mark: Mark([0x3A; 16]) }),
        has_session: true,
        grants: vec![GrantHead { audience: audience(), key: key() }].try_into().unwrap(),
        groups: vec![GroupHead { group: GROUP, hash: [0x98; 16] }].try_into().unwrap(),
    }
}

fn first_hello() -> Hello {
    let nothing = ListHead { generation: 0, hash: [0; 32] };
    Hello {
        your_list: nothing,
        incarnation: Incarnation(u64::MAX),
        received: None,
        has_session: false,
        grants: List::new(),
        groups: List::new(),
        ..hello()
    }
}

pub(crate) fn claim() -> DeviceClaim {
    DeviceClaim { account: ACCOUNT, device: DEVICE, noise_static: [0x01; 32], olm_identity: [0x02; 32] }
}

pub(crate) fn certificate(device_name: Option<Name>) -> credential::Certificate {
    let body = CertificateBody {
        claim: claim(),
        claim_signature: SIGNATURE,
        generation: 2,
        serial: 5,
        issued: NOW,
        expires: NOW.plus(365 * limits::DAY_MS),
        device_name,
    };
    Signed { body, signature: SIGNATURE }
}

pub(crate) fn removal() -> Removal {
    Removal { device: ORIGIN, cutoff: [0x03; 32] }
}

pub(crate) fn generation() -> Signed<Generation> {
    let body = Generation {
        account: ACCOUNT,
        number: 2,
        list_key: [0x04; 32],
        recovery_key: [0x05; 32],
        previous: Some([0x06; 32]),
        removals: vec![removal()].try_into().unwrap(),
    };
    Signed { body, signature: SIGNATURE }
}

pub(crate) fn list() -> DeviceList {
    let additions = vec![certificate(Some(Name::parse("phone").unwrap())), certificate(None)];
    DeviceList { root: [0x07; 32], generation: generation(), additions: additions.try_into().unwrap() }
}

fn one_time_key() -> credential::SignedOneTimeKey {
    Signed { body: OneTimeKey { device: DEVICE, key: [0x0E; 32] }, signature: SIGNATURE }
}

pub(crate) fn envelope() -> Envelope {
    Envelope {
        suite: Suite::Olm,
        to: DEVICE,
        id: EnvelopeId::from_bytes([0xE1; 16]),
        expires: NOW,
        sealed: vec![0xBB; 300].try_into().unwrap(),
    }
}

pub(crate) fn audience() -> AudienceId {
    AudienceId::from_bytes([0xAD; 16])
}

pub(crate) fn set() -> SetId {
    SetId { space: SpaceId::Account(ACCOUNT), audience: audience() }
}

pub(crate) fn author() -> Author {
    Author { device: DEVICE, incarnation: Incarnation(9) }
}

pub(crate) fn key() -> KeyId {
    KeyId { generation: 3, day: 20_833 }
}

pub(crate) fn head() -> Head {
    Head { seq: 299, chain: Chain([0xC3; 16]) }
}

pub(crate) fn clock() -> Hlc {
    Hlc { wall: NOW, count: 70_000 }
}

pub(crate) fn record() -> Record {
    let body = RecordBody {
        set: set(),
        key: key(),
        tag: Tag([0x7A; 16]),
        author: author(),
        seq: 300,
        chain: Chain([0xC4; 16]),
        clock: clock(),
        origin: ORIGIN,
        sealed: vec![0xBB; 10].try_into().unwrap(),
    };
    Record { body, signature: SIGNATURE }
}

fn shown() -> Shown {
    Shown { account: ACCOUNT, device: DEVICE, said: NOW, presence: sealed_presence() }
}

fn sealed_presence() -> SealedPresence {
    SealedPresence { audience: audience(), key: key(), sealed: vec![0xBB; 256].try_into().unwrap() }
}

pub(crate) fn app_presence() -> AppPresence {
    AppPresence { app: AppId::parse("qq").unwrap(), state: AppState::On, source: Source::Hand, since: NOW }
}

pub(crate) fn signed_presence() -> SignedPresence {
    let apps = vec![app_presence()].try_into().unwrap();
    let presence = Presence { device: DEVICE, counter: 300, expires: NOW, apps };
    Signed { body: presence, signature: SIGNATURE }
}

fn offer(wants: Wants) -> Offer {
    Offer { set: set(), heads: vec![(author(), head())].try_into().unwrap(), horizon: clock(), wants }
}

fn delta() -> Delta {
    let entries = vec![LogEntry::Live(Box::new(record())), LogEntry::Replaced { seq: 301, chain: Chain([0xC5; 16]) }];
    Delta { set: set(), author: author(), after: head(), entries: entries.try_into().unwrap() }
}

fn whole() -> Whole {
    Whole {
        set: set(),
        author: None,
        records: vec![record()].try_into().unwrap(),
        heads: vec![(author(), head())].try_into().unwrap(),
        last: true,
        wants_reply: false,
        horizon: clock(),
    }
}

fn whole_of_one() -> Whole {
    Whole { author: Some(author()), heads: List::new(), last: false, wants_reply: true, ..whole() }
}

pub(crate) fn standing() -> Standing {
    Standing {
        group: GROUP,
        account: ACCOUNT,
        root: RootHash([0x99; 32]),
        name: Name::parse("Ada").unwrap(),
        version: 300,
        rank: Rank::Out,
        keeps: vec![StatementHash([0x9A; 16])].try_into().unwrap(),
        by: AccountId::from_bytes([0xA2; 16]),
        device: DEVICE,
    }
}

fn group_part() -> GroupPart {
    let name = GroupName { group: GROUP, name: Name::parse("choir").unwrap(), version: 2, by: ACCOUNT, device: DEVICE };
    let name = Signed { body: name, signature: SIGNATURE };
    GroupPart {
        group: GROUP,
        founding: Founding { founder: ACCOUNT, root: RootHash([0x99; 32]), nonce: [0x9B; 16] },
        standings: vec![Signed { body: standing(), signature: SIGNATURE }].try_into().unwrap(),
        names: vec![name].try_into().unwrap(),
        badges: vec![Signed { body: badge(), signature: SIGNATURE }].try_into().unwrap(),
        lists: vec![list()].try_into().unwrap(),
        secrets: vec![GroupSecret { generation: 0x1_0007, secret: [0x9D; 32] }].try_into().unwrap(),
        head: Some([0x98; 16]),
    }
}

pub(crate) fn badge() -> Badge {
    Badge {
        group: GROUP,
        account: ACCOUNT,
        device: DEVICE,
        at: clock(),
        name: Name::parse("Ada").unwrap(),
        beacon: [0x9C; 32],
    }
}

pub(crate) fn knock() -> Knock {
    Knock { invite: InviteId::from_bytes([0x17; 16]), token: [0x18; 16], proof: [0x19; 32] }
}

pub(crate) fn introduce() -> Introduce {
    Introduce {
        proof: [0x19; 32],
        list: list(),
        device: DEVICE,
        signature: SIGNATURE,
        share: [0x5E; 32],
        name: Name::parse("Ada").unwrap(),
    }
}

fn account_secrets() -> AccountSecrets {
    AccountSecrets {
        generation: 2,
        list: [0x81; 32],
        own: [0x82; 32],
        index: [0x83; 32],
        data: [0x84; 32],
        secrets: [0x85; 32],
    }
}

fn admit() -> Admit {
    let key = GenerationSecret { generation: 3, day: 20_833, key: [0x4B; 32], beacon: [0x4C; 32] };
    Admit {
        list: list(),
        keys: account_secrets(),
        name: Name::parse("Ada").unwrap(),
        friends: audience(),
        friends_keys: List::one(key),
    }
}

fn past() -> Past {
    Past { messages: List::one(past_message()), after: vec![0xAF; 24].try_into().unwrap(), total: 300, last: false }
}

fn past_message() -> PastMessage {
    PastMessage {
        conversation: ACCOUNT.into(),
        id: MessageId::from_bytes([0x1D; 16]),
        from: AccountId::from_bytes([0xA2; 16]),
        device: DEVICE,
        sent: clock(),
        arrived: NOW,
        progress: Some(Progress::Read),
        shown: true,
        content: PastContent::Text(Text::parse("h\u{e9}llo").unwrap()),
    }
}
