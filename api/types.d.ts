// Made from the Rust definitions by `cargo xtask api`. Changes by hand are lost.
//
// Numbers are whole and below 2^53. Times are milliseconds since 1970-01-01 UTC and end in _ms.

/** An invite that is being accepted. */
export interface Accepting {
  /** The account that made the invite. */
  contact: string;
}

/**
 * How this device's clock stands to those of others: contacts, and other devices of the account. Each shows its
 * own now and then.
 */
export type Clock =
  /** None of them showed how late it is there. */
  | {
    state: "unknown";
  }
  /** Most of them show the same to within five minutes, or it is neither ahead of most nor behind most. */
  | {
    /** How many are known. */
    others: number;
    state: "agrees";
  }
  /** It is ahead of most of them. */
  | {
    /** By about so many minutes, if not by more. */
    minutes: number;
    /** How many are known. */
    others: number;
    state: "ahead";
  }
  /** It is behind most of them. */
  | {
    /** By about so many minutes, if not by more. */
    minutes: number;
    /** How many are known. */
    others: number;
    state: "behind";
  }
  /**
   * Another device would not have this one, since the two clocks are more than a day apart; nobody knows in which
   * direction.
   */
  | {
    state: "disputed";
  };

/** Whether the safety code with a contact was compared, and what came of it. */
export type Compared =
  /** It was not, since they were met. */
  | "not_yet"
  /** Both saw the same: nobody stands between them. */
  | "same"
  /**
   * The two saw different codes: somebody may stand between them. Screens should say so where they show the
   * contact.
   */
  | "different";

/** A contact. */
export interface Contact {
  /** The name given to them here. */
  alias: string | null;
  /** Whether the safety code with them was compared, and what came of it. */
  compared: Compared;
  /** How many devices they have. */
  devices: number;
  /** Their account. */
  id: string;
  /** The apps they are on. */
  lit: LitApp[];
  /** What to call them: the alias, or else what they call themselves. */
  name: string;
  /** Whether one of their devices can be reached now. */
  near: boolean;
  /** The note about them. */
  note: string | null;
  /** Their telephone number, if they show one. */
  number: string | null;
  /** Since when they are a contact. */
  since_ms: number;
  /** Their messages that were not read yet. */
  unread: number;
}

/** Some contacts. */
export interface ContactPage {
  /** The contacts. */
  contacts: Contact[];
  /** Whether there are more after these. */
  more: boolean;
}

/** A device of this account. */
export interface Device {
  /** Until when its certificate is good; it renews it by itself. */
  certificate_until_ms: number;
  /** Its id. */
  id: string;
  /** What it is called. */
  name: string | null;
  /** Whether it can be reached now. */
  near: boolean;
  /** When it was last here. */
  seen_ms: number | null;
  /** Since when it is a device of the account. */
  since_ms: number;
  /** Whether it is the one that answers. */
  this: boolean;
}

/** The devices of this account. */
export interface DeviceList {
  /** The devices, in the order of their ids. */
  devices: Device[];
}

/** An OpenRPC document (OpenRPC 1.3). */
export type Document = Record<string, unknown>;

/** It is done and committed. */
export type Done = Record<string, never>;

/** Something that happened; the parameters of an `event` notification. */
export type Event =
  /**
   * What `status` says of this device itself is different: its name, its devices, its lit apps, what waits, how
   * many strangers show themselves, its addresses, whether it was removed, whether its clock stands with those of
   * others, whether what happens can be kept. Told up to twice a second. Contacts, who of them is near and what is
   * unread have events of their own.
   */
  | {
    /** All of it, as it is now. */
    status: Status;
    type: "status_changed";
  }
  /** Somebody became a contact. */
  | {
    /** The contact. */
    contact: Contact;
    type: "contact_added";
  }
  /** What is known about a contact changed. */
  | {
    /** The contact, as it is now. */
    contact: Contact;
    type: "contact_changed";
  }
  /** A contact is gone. */
  | {
    /** Whose. */
    contact: string;
    type: "contact_removed";
  }
  /** The owner is in a group now. */
  | {
    /** The group. */
    group: Group;
    type: "group_added";
  }
  /** A group's name, its members or what is unread in it changed. */
  | {
    /** The group, as it is now. */
    group: Group;
    type: "group_changed";
  }
  /** The owner is in a group no more. Its messages stay. */
  | {
    /** The group, as it was last known. */
    group: Group;
    type: "group_ended";
  }
  /** An invite could not be accepted. */
  | {
    /** Who made it. */
    contact: string;
    /** Why, and what to do. */
    reason: string;
    type: "accept_failed";
  }
  /** A message came in. */
  | {
    /** The message. */
    message: Message;
    type: "message";
    /**
     * Messages of the conversation that were not read yet, this one included if it is one of them: what a screen
     * shows in place of what it showed.
     */
    unread: number;
  }
  /** What is known about a file changed. */
  | {
    /** The message, as it is now. */
    message: Message;
    type: "file";
  }
  /** What files from other devices may take on this one is set to something else. */
  | {
    /** As it is now, in bytes. */
    limit: number;
    type: "file_limit_changed";
  }
  /** A message has come further. */
  | {
    /** The contact or group the conversation is with. */
    conversation: string;
    /** The message. */
    id: string;
    /** How far it has come, in a group with one of its members. */
    progress: Progress;
    type: "progress";
  }
  /** A contact's lit apps changed. */
  | {
    /** The contact. */
    contact: string;
    /** All their lit apps. */
    lit: LitApp[];
    type: "presence";
  }
  /** A contact came near, or went away. */
  | {
    /** The contact. */
    contact: string;
    /** Whether one of their devices can be reached now. */
    near: boolean;
    type: "near";
  }
  /** A device joined this account. */
  | {
    /** The device. */
    device: Device;
    type: "device_added";
  }
  /** What is known about a device of this account changed, or it came near or went away. */
  | {
    /** The device, as it is now. */
    device: Device;
    type: "device_changed";
  }
  /** A device is of this account no more. */
  | {
    /** Its id. */
    device: string;
    type: "device_removed";
  }
  /** Conversations are told to a new device. */
  | {
    /** The other device. */
    device: string;
    /** Whether this device tells them. */
    gives: boolean;
    /** Whether that is all. */
    last: boolean;
    /** How many messages were told so far. */
    told: number;
    /** How many there are. */
    total: number;
    type: "past";
  }
  /** Something that somebody should look at. */
  | {
    /** What, and what to do. */
    text: string;
    type: "warning";
  };

/** A protocol of the internet. */
export type Family =
  /** IPv4. */
  | "ipv4"
  /** IPv6. */
  | "ipv6";

/** A file. */
export interface File {
  /** Accounts that do not want it. */
  declined_by: string[];
  /** Accounts that have it whole. */
  fetched_by: string[];
  /** Its id, the same on every device. */
  id: string;
  /** What its sender calls it, as a name that can be used here. */
  name: string;
  /** Of a picture: its width and height in pixels. */
  picture: unknown[] | null;
  /** Bytes. */
  size: number;
  /** Where it is. */
  state: FileState;
}

/** A file, and what is done with it just now. */
export interface FileNow {
  /** The message that is the file. */
  message: Message;
  /** What is done with it, as `transfers` has it: one entry for each who is at it. */
  transfers: Transfer[];
}

/** Some files. */
export interface FilePage {
  /** The messages that are the files. */
  files: Message[];
  /** Whether there are more after these. */
  more: boolean;
}

/**
 * What files from other devices take on this one, and what they may take. Files that were sent from here lie where
 * their owner keeps them and do not count.
 */
export interface FileSpace {
  /** Bytes of those that are on their way or wait for a device that has them, in whole. */
  coming: number;
  /**
   * Bytes that are free on the disk where they are kept; `null` if the system does not tell. 64 MiB of them stay
   * free of files.
   */
  free: number | null;
  /** Bytes of those that are here. One that was deleted counts for up to an hour more. */
  here: number;
  /** What the two may be together, in bytes. */
  limit: number;
}

/** Where a file is. */
export type FileState =
  /** Not here, until it is asked for. */
  | {
    state: "offered";
  }
  /** On its way, or waiting for a device that has it. */
  | {
    state: "wanted";
  }
  /** Here. */
  | {
    /** Its path. */
    path: string;
    state: "here";
  }
  /** It was declined. */
  | {
    state: "declined";
  }
  /** Its sender took it back, or has it no more. */
  | {
    state: "withdrawn";
  };

/** A new group. */
export interface Founded {
  /** Its id. */
  id: string;
}

/** The daemon's half of the greeting on the WebSocket. */
export interface Greeting {
  /** The daemon's nonce: 64 hexadecimal digits. */
  nonce: string;
  /**
   * HMAC-SHA256 under the token of `lamplit 1 daemon PORT NONCE NONCE`, the program's nonce first, in hexadecimal.
   * A program that does not find it right is not talking to the daemon, and should tell it nothing.
   */
  proof: string;
}

/** A group. */
export interface Group {
  /** Its id. */
  id: string;
  /** Whether the owner is in it. */
  joined: boolean;
  /** Who is in it, the owner too. */
  members: Member[];
  /** What it is called. */
  name: string;
  /** Messages in it that were not read yet. */
  unread: number;
}

/** Some groups. */
export interface GroupPage {
  /** The groups. */
  groups: Group[];
  /** Whether there are more after these. */
  more: boolean;
}

/**
 * Whether devices on the network find each other by themselves, as far as this one can tell. What is heard within
 * this machine, as on loopback, does not count.
 */
export type Hearing =
  /** Nobody looks: discovery is off. */
  | "off"
  /** There is no network to look on, only loopback or a tunnel. */
  | "no_network"
  /**
   * They do not: not even what this device shows itself comes back to it, on any network. A firewall drops
   * multicast.
   */
  | "blocked"
  /** It is too early to say: a few seconds after the start, or after the network changed. */
  | "untested"
  /** No other machine is heard. There is none, or the network keeps devices apart. */
  | "alone"
  /** They do: another machine is heard, or was since this device is on the network. */
  | "others";

/** Some messages, newest first. */
export interface HistoryPage {
  /** The messages. */
  messages: Message[];
  /** Whether there are older ones. */
  more: boolean;
}

/** An invite. */
export interface Invited {
  /** Until when it is good. */
  expires_ms: number;
  /** The link to hand to one person. */
  link: string;
}

/**
 * Events were dropped because the reader was slow; the parameters of a `lagged` notification. What is shown is to
 * be replaced by the snapshot, and what is not in it is to be asked for again. Events go on after it.
 */
export interface Lagged {
  /** How many. */
  missed: number;
  /**
   * How things are now; `null` if that could not be read: ask with `status`, `contacts`, `groups` and `devices`.
   */
  snapshot: Snapshot | null;
}

/** A code by which a new device can join. */
export interface Linking {
  /** Until when it is good. */
  expires_ms: number;
  /** The code, for `lamplit init --link`. */
  link: string;
}

/** An app that somebody is on. */
export interface LitApp {
  /** The app. */
  app: string;
  /** Since when. */
  since_ms: number;
  /** How we know: `hand` if they said so themselves. */
  source: string;
}

/** A member of a group. */
export interface Member {
  /** Whether they are a contact. */
  contact: boolean;
  /** Their account. */
  id: string;
  /** Whether it is the owner. */
  me: boolean;
  /** What to call them. */
  name: string;
  /** What they may do. */
  role: Role;
}

/** A message of a conversation. */
export interface Message {
  /** When it came to this device. */
  arrived_ms: number;
  /** The contact or group the conversation is with. */
  conversation: string;
  /** The file, if the message is one. */
  file?: File | null;
  /** The account that wrote it. */
  from: string;
  /** In a group: what to call them. */
  from_name: string | null;
  /** Its id, the same on every device. */
  id: string;
  /** Its place in the conversation on this device. */
  index: number;
  /** Whether the owner of this device wrote it. */
  mine: boolean;
  /** How far it has come, in a group with all of its members; only of the owner's own messages. */
  progress: Progress | null;
  /** How far it has come with how many; only of the owner's own messages in a group. */
  reach: Reach | null;
  /** When it was written, by the writer's clock. */
  sent_ms: number;
  /** The text; of a file, what was said with it, or nothing. */
  text: string;
}

/** A device that can be reached. */
export interface NearDevice {
  /** Where it is, in the words of what carries it. */
  address: string | null;
  /** The device. */
  device: string;
  /** By which protocol of the internet, where that is what carries it. */
  family: Family | null;
  /** Over what. */
  over: Over;
  /** Since when. */
  since_ms: number;
}

/** A contact who can be reached. */
export interface NearPerson {
  /** The contact. */
  contact: string;
  /** Their devices that can be reached. */
  devices: NearDevice[];
  /** The apps they are on. */
  lit: LitApp[];
  /** What to call them. */
  name: string;
}

/** Who can be reached directly now. */
export interface Nearby {
  /** Where this device can be dialled. */
  addresses: string[];
  /** Whether this device shows itself on the network and looks for others there. */
  discovery: boolean;
  /** Whether devices find each other there, as far as this one can tell. */
  hearing: Hearing;
  /** Other devices of this account. */
  own: NearDevice[];
  /** Contacts, by name. */
  people: NearPerson[];
  /** Devices that show themselves and are nobody's known here. */
  strangers: number;
}

/**
 * How the account stands with its telephone number. What the server said last; before that all but `asked` are
 * `null`.
 */
export interface Number {
  /** The number for which a code was asked and not shown yet. */
  asked: string | null;
  /** Then that is the account's, unless the other shows before that it still has it. */
  comes_ms: number | null;
  /** The number that the account showed to have, and that is another account's yet. */
  coming: string | null;
  /**
   * Then it is somebody else's, who showed that they have it; unless this account shows before that it still has
   * it.
   */
  leaves_ms: number | null;
  /** The account's number. */
  number: string | null;
  /** What became of what was asked for last; `null`: nothing was, since the daemon started. */
  step: NumberStep | null;
}

/** What became of what was asked for. */
export type NumberStep =
  /** The server has not answered yet. */
  | {
    step: "waiting";
  }
  /** A code is on its way. */
  | {
    step: "sent";
  }
  /** No code may be sent to the number yet. */
  | {
    step: "wait";
    /** Before that. */
    until_ms: number;
  }
  /** No text can be sent to that number. */
  | {
    step: "unreachable";
  }
  /** The text could not be sent; it may be tried again. */
  | {
    step: "failed";
  }
  /** The server sends no codes. */
  | {
    step: "off";
  }
  /** It is done. */
  | {
    step: "done";
  }
  /** The code was wrong. */
  | {
    /** So many more may be tried; 0: a new code is needed. */
    left: number;
    step: "wrong";
  }
  /** No code is open: it is too old, was used, or was sent to another device. */
  | {
    step: "gone";
  }
  /** The connection to the server ended before it answered. */
  | {
    step: "lost";
  };

/** What carries a link. */
export type Over =
  /** The local network. */
  | "lan"
  /** Bluetooth Low Energy. */
  | "ble"
  /** A server. */
  | "server";

/** The likeness of a picture. */
export interface Preview {
  /**
   * A JPEG of at most 12 KiB in base64 (RFC 4648, section 4), as its sender made it; null if there is none. It is
   * a stranger's picture as much as any: show it where pictures cannot do harm.
   */
  jpeg: string | null;
}

/** How far a message has come. */
export type Progress =
  /** Kept here; no device of the addressee has it yet. */
  | "sent"
  /** A device of the addressee has it. */
  | "delivered"
  /** It was shown to the addressee. */
  | "read";

/** With how many members of a group a message has come how far. */
export interface Reach {
  /** Of these, with a device that has it. */
  delivered: number;
  /** Members who were to get it. */
  members: number;
  /** Of these, to whom it was shown. */
  read: number;
}

/** What a member of a group may do. */
export type Role =
  /** Everything; names admins. */
  | "founder"
  /** Add and remove members. */
  | "admin"
  /** Talk, rename the group, leave. */
  | "member";

/** The safety code with a contact. */
export interface Safety {
  /** Twelve groups of five digits, a space between each two. It is the same at the contact's end. */
  code: string;
  /** Whether it was compared, and what came of it. */
  compared: Compared;
}

/** A message that will be sent. */
export interface Said {
  /** Its id. */
  id: string;
}

/** The account's server. */
export interface Server {
  /** Whether it is reached now and knows this device. */
  connected: boolean;
  /** Its host and port. */
  place: string;
  /** Why not, if it said so. */
  why: string | null;
}

/**
 * How things are when a subscription begins. Events after it tell what changed since. It has what every screen
 * shows. What only some show is asked for after it, by those: open conversations with `history`, files with
 * `files` and `transfers`, who is reached over what with `nearby`.
 */
export interface Snapshot {
  /** The first contacts, as `contacts` has them. */
  contacts: Contact[];
  /** All devices of this account, as `devices` has them. */
  devices: Device[];
  /** The first groups, as `groups` has them. */
  groups: Group[];
  /** Whether there are more after these: `contacts` has them. */
  more_contacts: boolean;
  /** Whether there are more after these: `groups` has them. */
  more_groups: boolean;
  /** The device, as `status` has it. */
  status: Status;
}

/** How a device is. */
export interface Status {
  /** The account. */
  account: string;
  /** Where this device can be dialled. */
  addresses: string[];
  /** How this device's clock stands to those of others that were met since the daemon started. */
  clock: Clock;
  /** How many contacts. */
  contacts: number;
  /** The device. */
  device: string;
  /** How many devices the account has. */
  devices: number;
  /** Whether this device shows itself on the network and looks for others there. */
  discovery: boolean;
  /** Whether devices find each other there, as far as this one can tell. */
  hearing: Hearing;
  /** The apps that contacts see lit. */
  lit: LitApp[];
  /** The name that contacts see. */
  name: string;
  /** Contacts with a device that can be reached now. */
  near: string[];
  /** How the account stands with its telephone number. */
  number: Number;
  /** Whether the owner removed this device from the account: then it hears and says nothing more. */
  removed: boolean;
  /** The server that carries what cannot go directly; `null`: the account uses none. */
  server: Server | null;
  /** Whether what happens can be kept. */
  storage: Storage;
  /** Devices that show themselves and are nobody's known here. */
  strangers: number;
  /** Messages that were not read yet. */
  unread: number;
  /** The daemon's version. */
  version: string;
  /** Envelopes that no device of their addressee has acknowledged. */
  waiting: number;
}

/** Whether what happens can be kept. */
export type Storage =
  /** It can. */
  | {
    state: "working";
  }
  /** It cannot: what was tried last was undone. */
  | {
    /** Why, and what to do. */
    reason: string;
    state: "failing";
  };

/** A file that is under way, or did not come. */
export interface Transfer {
  /** Bytes that are done. */
  done: number;
  /** Which. */
  file: string;
  /** What is done with it. */
  kind: TransferKind;
  /** Bytes of the file. */
  total: number;
  /** Why it does not come at the moment, if it was tried and failed, and what to do. It is tried again. */
  trouble: string | null;
}

/** What is done with a file. */
export type TransferKind =
  /** It is read before it is sent. */
  | "reading"
  /** It comes. */
  | "fetching"
  /** It goes to somebody. */
  | "serving";

/** Files that are under way. */
export interface Transfers {
  /** The files. */
  transfers: Transfer[];
}

/** Every method: what it takes and what it answers with. */
export interface Methods {
  /** On the WebSocket, the first call: makes the daemon show that it knows the token. See docs/api.md. */
  hello: {
    params: {
      /** 32 random bytes, as 64 hexadecimal digits in small letters. */
      nonce: string;
    };
    result: Greeting;
  };
  /** On the WebSocket, the second call: shows the daemon that the program knows the token. See docs/api.md. */
  authenticate: {
    params: {
      /**
       * HMAC-SHA256 under the token of `lamplit 1 program PORT NONCE NONCE`, the program's nonce first, in
       * hexadecimal.
       */
      proof: string;
    };
    result: Done;
  };
  /** This interface itself, as an OpenRPC document. */
  'rpc.discover': {
    params: Record<string, never>;
    result: Document;
  };
  /** How this device is. */
  status: {
    params: Record<string, never>;
    result: Status;
  };
  /** A page of contacts, in the order of their ids. */
  contacts: {
    params: {
      /** The last contact of the page before. */
      after?: string | null;
      /**
       * How many at most, up to 200, which is also what comes if nothing is said. Fewer come where they are long.
       */
      limit?: number | null;
    };
    result: ContactPage;
  };
  /**
   * Says something in a conversation. It is committed when the answer comes, and sent to each device when it is
   * near.
   */
  say: {
    params: {
      /** The contact or group. */
      conversation: string;
      /** What to say. */
      text: string;
    };
    result: Said;
  };
  /** A page of a conversation, newest message first. */
  history: {
    params: {
      /** The contact or group. */
      conversation: string;
      /** The index of the oldest message of the page before. */
      before?: number | null;
      /**
       * How many at most, up to 200, which is also what comes if nothing is said. Fewer come where they are long.
       */
      limit?: number | null;
    };
    result: HistoryPage;
  };
  /**
   * Sends a file. It is read through first; the answer comes when the message is committed, and the file goes to
   * whoever fetches it.
   */
  send_file: {
    params: {
      /** The conversation. */
      conversation: string;
      /** The file's absolute path on the daemon's machine. */
      path: string;
      /** What to say with it. */
      caption?: string | null;
      /** Whether a picture keeps what it tells beside itself: where it was taken, when, and with what. */
      keep_metadata?: boolean;
    };
    result: Said;
  };
  /** A page of all messages that are files, in the order of the files' ids. */
  files: {
    params: {
      /** The last file of the page before. */
      after?: string | null;
      /** How many at most, up to 200. */
      limit?: number | null;
    };
    result: FilePage;
  };
  /** One file, as `files` has it, and what is done with it just now. */
  file: {
    params: {
      /** The message that is the file. */
      message: string;
    };
    result: FileNow;
  };
  /** Fetches a file that was offered. */
  fetch_file: {
    params: {
      /** The message that is the file. */
      message: string;
    };
    result: Done;
  };
  /** Takes a file back that was sent, or declines one that was offered. */
  cancel_file: {
    params: {
      /** The message that is the file. */
      message: string;
    };
    result: Done;
  };
  /** Files that are under way just now. */
  transfers: {
    params: Record<string, never>;
    result: Transfers;
  };
  /** What files from other devices take on this one, and what they may take. */
  file_space: {
    params: Record<string, never>;
    result: FileSpace;
  };
  /**
   * Sets what files from other devices may take on this one. One that would go beyond it is not fetched, and
   * `fetch_file` says so. Under less than they take already nothing is deleted, and what is on its way still
   * comes.
   */
  set_file_limit: {
    params: {
      /** Bytes, from 1 MiB to 16 TiB; 64 GiB on a new device. */
      limit: number;
    };
    result: Done;
  };
  /** The small likeness of a picture, which came with its message: to show before the picture itself is fetched. */
  preview: {
    params: {
      /** Which file. */
      file: string;
    };
    result: Preview;
  };
  /** Makes an invite for one person. */
  invite: {
    params: Record<string, never>;
    result: Invited;
  };
  /** Accepts an invite. The answer means that it is being tried; an event tells how it ended. */
  accept: {
    params: {
      /** The link. */
      link: string;
    };
    result: Accepting;
  };
  /** Lights an app. */
  light: {
    params: {
      /** The app. */
      app: string;
    };
    result: Done;
  };
  /** Lets an app go dark. */
  dark: {
    params: {
      /** The app. */
      app: string;
    };
    result: Done;
  };
  /** Marks messages of a conversation as read. */
  mark_read: {
    params: {
      /** The contact or group. */
      conversation: string;
      /** The last message that was shown, by its index; without it all were. */
      up_to?: number | null;
    };
    result: Done;
  };
  /** Who can be reached directly now, and over what. */
  nearby: {
    params: Record<string, never>;
    result: Nearby;
  };
  /** Changes the name that contacts see. */
  set_name: {
    params: {
      /** The name. */
      name: string;
    };
    result: Done;
  };
  /** Calls a contact something else. */
  rename: {
    params: {
      /** The contact. */
      contact: string;
      /** The name for them; `null`: what they call themselves. */
      name?: string | null;
    };
    result: Done;
  };
  /** Keeps a note about a contact. */
  note: {
    params: {
      /** The contact. */
      contact: string;
      /** The note; `null` removes it. */
      note?: string | null;
    };
    result: Done;
  };
  /** The safety code with a contact, for the two to compare: if both see the same, nobody stands between them. */
  safety: {
    params: {
      /** The contact. */
      contact: string;
    };
    result: Safety;
  };
  /**
   * Keeps what came of comparing the safety code with a contact, on all devices of the account; nobody else sees
   * it. A program that has the other's code from a camera compares it by this call, as `same`: what is not the
   * code here is error 22, and nothing is kept.
   */
  mark_safety: {
    params: {
      /** The code that was compared: 60 digits, with any spaces or none. It must be the one that `safety` shows. */
      code: string;
      /** What came of it; `not_yet` forgets what came of it before. */
      compared: Compared;
      /** The contact. */
      contact: string;
    };
    result: Done;
  };
  /** Forgets a contact. Messages stay. */
  remove_contact: {
    params: {
      /** The contact. */
      contact: string;
    };
    result: Done;
  };
  /** A page of groups, in the order of their ids; those that the owner is in no more too. */
  groups: {
    params: {
      /** The last group of the page before. */
      after?: string | null;
      /** How many at most; no more than [`crate::limits::PAGE`]. */
      limit?: number | null;
    };
    result: GroupPage;
  };
  /** Founds a group with some contacts. */
  create_group: {
    params: {
      /** The contacts. */
      members: string[];
      /** What it is called. */
      name: string;
    };
    result: Founded;
  };
  /** Calls a group something else, for all its members. */
  rename_group: {
    params: {
      /** The group. */
      group: string;
      /** Its new name. */
      name: string;
    };
    result: Done;
  };
  /** Adds contacts to a group. */
  add_members: {
    params: {
      /** The group. */
      group: string;
      /** The contacts. */
      members: string[];
    };
    result: Done;
  };
  /** Removes a member from a group: they get nothing more of it. */
  remove_member: {
    params: {
      /** The group. */
      group: string;
      /** The member's account. */
      member: string;
    };
    result: Done;
  };
  /** Lets a member of a group add and remove others, or no longer. */
  name_admin: {
    params: {
      /** Whether they may. */
      admin: boolean;
      /** The group. */
      group: string;
      /** The member's account. */
      member: string;
    };
    result: Done;
  };
  /** Leaves a group. Messages stay. */
  leave_group: {
    params: {
      /** The group. */
      group: string;
    };
    result: Done;
  };
  /** Dials an address at which a contact is expected. */
  dial: {
    params: {
      /** The address, such as `192.168.1.7:41234`. */
      address: string;
      /** The contact. */
      contact: string;
    };
    result: Done;
  };
  /**
   * Lets a server carry the account's messages when people are apart. It can read none of them. Another one was
   * used before: that one no more.
   */
  use_server: {
    params: {
      /** The server's link, as whoever runs it gives it out: `lamplit:server/…@HOST:PORT`. */
      server: string;
    };
    result: Done;
  };
  /** Uses no server any more. */
  leave_server: {
    params: Record<string, never>;
    result: Done;
  };
  /**
   * Has a code of six digits sent to a telephone number, to show that it is the account's. `number` in the status
   * says what became of it.
   */
  request_code: {
    params: {
      /** The number with its country code, such as `+8613800138000`. */
      number: string;
    };
    result: Done;
  };
  /**
   * Shows the code that came: the number is the account's then, and contacts see it. `number` in the status says
   * what became of it.
   */
  show_code: {
    params: {
      /** The code. */
      code: string;
    };
    result: Done;
  };
  /** Gives the account's telephone number up. */
  free_number: {
    params: Record<string, never>;
    result: Done;
  };
  /** Makes a code by which one new device can join this account. The one before is good no more. */
  link: {
    params: Record<string, never>;
    result: Linking;
  };
  /** No device can join any more by the code that was made last. */
  end_link: {
    params: Record<string, never>;
    result: Done;
  };
  /** The devices of this account. */
  devices: {
    params: Record<string, never>;
    result: DeviceList;
  };
  /** Calls a device of this account something else. Contacts do not see it. */
  rename_device: {
    params: {
      /** The name for it. */
      name: string;
      /** The device; `null`: this one. */
      device?: string | null;
    };
    result: Done;
  };
  /**
   * Removes a device of this account. All others get new keys, and what the removed one would read from then on is
   * sealed with those.
   */
  remove_device: {
    params: {
      /** The device. */
      device: string;
      /** The recovery phrase of the account. */
      phrase: string;
    };
    result: Done;
  };
  /** Stops the daemon. The connection ends when it has stopped. */
  stop: {
    params: Record<string, never>;
    result: Done;
  };
  /** Tells this connection what happens from now on, beginning with how things are. */
  subscribe: {
    params: Record<string, never>;
    result: Snapshot;
  };
}

/** What the daemon says by itself after `subscribe`. */
export interface Notifications {
  /** Something happened. Only after `subscribe`. */
  event: Event;
  /** Events were dropped because the reader was slow. Only after `subscribe`. */
  lagged: Lagged;
}

/** Why a call was refused. */
export type ErrorCode =
  /** AlreadyContact: Somebody who is a contact already. */
  | 11
  /** AlreadySubscribed: This connection has subscribed already. */
  | 10
  /** BadFile: No file, or none that can be sent or fetched. */
  | 13
  /** BadInvite: The invite is no invite, expired, or your own. */
  | 4
  /** BadNumber: No telephone number, no code, or no code was asked for. */
  | 20
  /** BadPicture: A picture that may tell more than it shows, which cannot be taken out of it: it can be sent with `keep_metadata`. */
  | 21
  /** BadServer: No link to a server, or none is used or reached. */
  | 19
  /** Busy: Too many connections. */
  | 8
  /** CodesDiffer: The safety code that was given is not the one with this contact: nothing was kept. */
  | 22
  /** Denied: Not the owner's to do in this group. */
  | 18
  /** Full: A limit is reached. */
  | 3
  /** InvalidParams: The parameters don't fit the method. */
  | -32602
  /** InvalidRequest: The JSON is no request. */
  | -32600
  /** MethodNotFound: No such method. */
  | -32601
  /** NoAddress: No network address is known to be dialled at. */
  | 5
  /** NotProven: On the WebSocket: the token was not shown. */
  | 12
  /** NotYetAccepted: The contact's devices are not known yet. */
  | 2
  /** Parse: It is no JSON. */
  | -32700
  /** Removed: This device was removed from its account. */
  | 16
  /** Stopping: The daemon is stopping. */
  | 7
  /** Storage: The database failed. */
  | 6
  /** TooLong: A message was too long. */
  | 9
  /** UnknownContact: Nobody of that id among the contacts. */
  | 1
  /** UnknownDevice: No device of that id on this account. */
  | 14
  /** UnknownGroup: No such group, or nobody of that id in it. */
  | 17
  /** WrongPhrase: The recovery phrase is none, or another account's. */
  | 15;
