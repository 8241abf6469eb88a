/// Which way a wake goes, for counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// A browser's push service.
    WebPush,
    /// One that a person chose.
    UnifiedPush,
    /// Google's.
    Fcm,
    /// Apple's.
    Apns,
}

impl Service {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::WebPush, Self::UnifiedPush, Self::Fcm, Self::Apns];

    /// Its name, in small letters and without spaces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WebPush => "web_push",
            Self::UnifiedPush => "unified_push",
            Self::Fcm => "fcm",
            Self::Apns => "apns",
        }
    }
}
