/**
 * What a message of a link may hold at most. Both sides measure by this before they keep a byte, and the controller
 * says in its `hello` how much it takes on at a time, since it may be of another build than the gateway.
 */

/** Also what a request by HTTP may have. */
export const LONE_MESSAGE_BYTES_MAX = 8 * 1_048_576 + 4_096;

export const MESSAGE_BYTES_MAX = 4 * 1_048_576;

export const ENVELOPES_MAX = 256;

export interface MessageBounds {
  /** Of a message with several envelopes. */
  readonly bytesMax: number;
  /** Of a message with one. */
  readonly loneBytesMax: number;
  readonly envelopesMax: number;
}

/** What a gateway sends: as much as a controller handles in one event. */
export const FROM_GATEWAY: MessageBounds = {
  bytesMax: MESSAGE_BYTES_MAX,
  loneBytesMax: LONE_MESSAGE_BYTES_MAX,
  envelopesMax: ENVELOPES_MAX,
};

/** What a controller sends: an answer may hold four times what a request may. */
export const FROM_CONTROLLER: MessageBounds = {
  bytesMax: MESSAGE_BYTES_MAX,
  loneBytesMax: 32 * 1_048_576,
  envelopesMax: ENVELOPES_MAX,
};

/** Bytes of answers that a gateway takes before it says so, by `taken`. */
export const TAKEN_BYTES = 1_048_576;

/** Bytes of batches in a push, or one batch; a gateway acknowledges so many without delay. */
export const PUSH_BYTES = 262_144;
