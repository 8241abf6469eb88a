// @ts-check
/**
 * Talks to a Lamplit daemon that runs with `--web`. For browsers, and for Node from version 22 on; no package is needed.
 *
 * ```js
 * const lamplit = await Lamplit.connect(url, token); // both as `lamplit web` shows them
 * const { contacts } = await lamplit.call('contacts', {});
 * ```
 *
 * @module
 */

/** @typedef {import('./types').Methods} Methods */
/** @typedef {import('./types').Notifications} Notifications */
/** @typedef {import('./types').Snapshot} Snapshot */

/** The daemon refused a call: what was wrong and what to do, and a number for programs. */
export class LamplitError extends Error {
  /**
   * @param {number} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** A connection to the daemon. */
export class Lamplit {
  /** @type {WebSocket} */
  #socket;
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #lastId = 0;
  /** @type {{ event?: (event: Notifications['event']) => void, lagged?: (lagged: Notifications['lagged']) => void }} */
  #listener = {};
  /** @type {(why: Error) => void} */
  #gone = () => {};

  /** Resolves when the connection has ended, with the reason. @type {Promise<Error>} */
  closed = new Promise((resolve) => (this.#gone = resolve));

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    socket.onclose = () => this.#end(new Error('the daemon has closed the connection'));
  }

  /**
   * Connects, makes sure that it is the daemon that answers, and shows it the token. The token itself is not sent.
   *
   * @param {string} url
   * @param {string} token
   * @returns {Promise<Lamplit>}
   */
  static async connect(url, token) {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onclose = () => reject(new Error(`nobody answers at ${url}, or they do not let this page in`));
    });
    const lamplit = new Lamplit(socket);
    try {
      await lamplit.#greet(Number(new URL(url).port || 80), token);
    } catch (error) {
      lamplit.close();
      throw error;
    }
    return lamplit;
  }

  /**
   * Calls a method. Answers come in the order of the calls.
   *
   * @template {keyof Methods} M
   * @param {M} method
   * @param {Methods[M]['params']} params
   * @returns {Promise<Methods[M]['result']>}
   */
  call(method, params) {
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  }

  /**
   * Begins to listen. Resolves with how things are; what happens from then on goes to the listener. A change may be told
   * again that the snapshot has already.
   *
   * @param {{ event: (event: Notifications['event']) => void, lagged: (lagged: Notifications['lagged']) => void }} listener
   * @returns {Promise<Snapshot>}
   */
  subscribe(listener) {
    this.#listener = listener;
    return this.call('subscribe', {});
  }

  /** Ends the connection. The daemon goes on. */
  close() {
    this.#socket.close();
  }

  /**
   * @param {number} port
   * @param {string} token
   */
  async #greet(port, token) {
    const mine = hex(crypto.getRandomValues(new Uint8Array(32)));
    const { nonce, proof } = await this.call('hello', { nonce: mine });
    if (proof !== (await prove(token, `lamplit 1 daemon ${port} ${mine} ${nonce}`))) {
      throw new Error('another program answers there, not the daemon: nothing was told to it');
    }
    await this.call('authenticate', { proof: await prove(token, `lamplit 1 program ${port} ${mine} ${nonce}`) });
  }

  /** @param {any} message */
  #hear(message) {
    if (message.method === 'event') return this.#listener.event?.(message.params);
    if (message.method === 'lagged') return this.#listener.lagged?.(message.params);
    const error = message.error && new LamplitError(message.error.code, message.error.message);
    // An error without an id is about the connection itself.
    if (error && message.id === null) return this.#end(error);
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (error) waiting?.reject(error);
    else waiting?.resolve(message.result);
  }

  /** @param {Error} why */
  #end(why) {
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
    this.#gone(why);
  }
}

/**
 * @param {string} token
 * @param {string} text
 */
async function prove(token, text) {
  const bytes = new TextEncoder();
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytes.encode(token), hmac, false, ['sign']);
  return hex(new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes.encode(text))));
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
