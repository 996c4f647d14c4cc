/**
 * When each broker was last heard from (KIP-631): soft state of the active controller, never replicated, made anew
 * when office is taken. Whether a broker is fenced is not repeated here; the view says that.
 *
 * It is an immutable value. A heartbeat copies two small nodes of a persistent map, about a microsecond among a
 * thousand brokers, so nothing is gained by a mutable table. What needs all brokers (the next deadline, the lowest
 * offset) is counted when asked for: only timers and controlled shutdowns ask.
 */
import { byNumber, ImmutableMap } from "../../std/immutable-map.ts";
import type { BrokerRegistration, ClusterImage } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";

/** One incarnation of a broker, as far as it has been heard from. */
export interface BrokerContact {
  readonly epoch: number;
  readonly lastContactMs: number;
  /** The highest offset that the broker says it has applied; -1 until it says so. */
  readonly metadataOffset: number;
  /**
   * The offset that every active broker must have applied before this one may go, since by then all know that it
   * leads nothing; -1 while it is not shutting down.
   */
  readonly controlledShutdownOffset: number;
  /** A standstill of the controller began its session anew, and it has not been heard from since. */
  readonly isSpared: boolean;
}

/** A fenced incarnation that was heard from: it lives, and another may not take its place. */
export type FencedContact = Pick<BrokerContact, "epoch" | "lastContactMs">;

/**
 * Contacts exist of unfenced brokers only: a fenced one has no session to lose, and one that is gone for good must
 * not leave a deadline behind that is always past. A fenced broker that calls, as it does for as long as it recovers
 * its logs, is kept apart, until it is told to stop.
 */
export interface BrokerLiveness {
  /** By broker id. A contact of an earlier epoch counts for nothing. */
  readonly contacts: ImmutableMap<number, BrokerContact>;
  readonly fencedContacts: ImmutableMap<number, FencedContact>;
}

/** What a silence is measured against, in ms. */
interface Session {
  readonly nowMs: number;
  readonly timeoutMs: number;
}

const NO_CONTACTS: BrokerLiveness = {
  contacts: ImmutableMap.empty(byNumber),
  fencedContacts: ImmutableMap.empty(byNumber),
};

/**
 * The soft state of a controller that has just taken office. Every unfenced broker gets a whole session: that nobody
 * listened was not its fault, and one that died meanwhile is fenced when that session ends (KAFKA-18138).
 */
export function initialLiveness(image: MetadataImage, nowMs: number): BrokerLiveness {
  let liveness = NO_CONTACTS;
  for (const broker of image.cluster.brokers.values()) {
    if (!broker.fenced) liveness = withContact(liveness, broker, { nowMs, metadataOffset: -1 });
  }
  return liveness;
}

/** What is known of the broker's present incarnation. */
export function contactOf(
  liveness: BrokerLiveness,
  broker: BrokerRegistration,
): BrokerContact | undefined {
  const contact = liveness.contacts.get(broker.id);
  return contact?.epoch === broker.epoch ? contact : undefined;
}

/** The broker was heard from. A controlled shutdown that has begun goes on. */
export function withContact(
  liveness: BrokerLiveness,
  broker: BrokerRegistration,
  heard: { readonly nowMs: number; readonly metadataOffset: number },
): BrokerLiveness {
  const controlledShutdownOffset = contactOf(liveness, broker)?.controlledShutdownOffset ?? -1;
  const contact: BrokerContact = {
    epoch: broker.epoch,
    lastContactMs: heard.nowMs,
    metadataOffset: heard.metadataOffset,
    controlledShutdownOffset,
    isSpared: false,
  };
  const { contacts, fencedContacts } = liveness;
  return {
    contacts: contacts.set(broker.id, contact),
    fencedContacts: fencedContacts.delete(broker.id),
  };
}

/** The broker was heard from and stays fenced, or is fenced from now on. */
export function withFencedContact(
  liveness: BrokerLiveness,
  { id, epoch }: BrokerRegistration,
  nowMs: number,
): BrokerLiveness {
  const { contacts, fencedContacts } = withoutContact(liveness, id);
  return { contacts, fencedContacts: fencedContacts.set(id, { epoch, lastContactMs: nowMs }) };
}

/**
 * The broker began its controlled shutdown with records up to `offset`. Only the first offset counts: one that moved
 * with every heartbeat could never be caught up with (KAFKA-14292).
 */
export function withControlledShutdown(
  liveness: BrokerLiveness,
  broker: BrokerRegistration,
  offset: number,
): BrokerLiveness {
  const contact = contactOf(liveness, broker);
  if (contact === undefined || contact.controlledShutdownOffset >= 0) return liveness;
  const leaving = { ...contact, controlledShutdownOffset: offset };
  return { ...liveness, contacts: liveness.contacts.set(broker.id, leaving) };
}

/** Every session but those of `doomed` begins anew: nobody was listening, so silence said nothing (KAFKA-18138). */
export function withWholeSessions(
  liveness: BrokerLiveness,
  doomed: readonly BrokerRegistration[],
  nowMs: number,
): BrokerLiveness {
  const ids = new Set(doomed.map(({ id }) => id));
  let { contacts } = liveness;
  for (const [id, contact] of liveness.contacts) {
    if (ids.has(id)) continue;
    contacts = contacts.set(id, { ...contact, lastContactMs: nowMs, isSpared: true });
  }
  return { ...liveness, contacts };
}

/** Nothing is known of the broker any more: it fell silent, was told to stop, was replaced or unregistered. */
export const withoutContact = (liveness: BrokerLiveness, brokerId: number): BrokerLiveness => ({
  contacts: liveness.contacts.delete(brokerId),
  fencedContacts: liveness.fencedContacts.delete(brokerId),
});

/** Whether the broker was heard from within a session, fenced or not: a second incarnation must wait. */
export function hasValidSession(
  liveness: BrokerLiveness,
  broker: BrokerRegistration,
  session: Session,
): boolean {
  const contact = broker.fenced
    ? liveness.fencedContacts.get(broker.id)
    : liveness.contacts.get(broker.id);
  return (
    contact?.epoch === broker.epoch && contact.lastContactMs + session.timeoutMs >= session.nowMs
  );
}

/** Sessions that are over end now, so that the deadline of what is under way does not fall behind. */
export function withoutArrears(liveness: BrokerLiveness, session: Session): BrokerLiveness {
  const endsNowMs = session.nowMs - session.timeoutMs - 1;
  let { contacts } = liveness;
  for (const [id, contact] of liveness.contacts) {
    if (contact.lastContactMs < endsNowMs)
      contacts = contacts.set(id, { ...contact, lastContactMs: endsNowMs });
  }
  return { ...liveness, contacts };
}

/** When any broker was last heard from up to `untilMs`: so far somebody listened. -Infinity where that is not known. */
export function lastHeardMs(liveness: BrokerLiveness, untilMs: number): number {
  let last = Number.NEGATIVE_INFINITY;
  for (const { lastContactMs: at } of liveness.contacts.values()) {
    if (at <= untilMs) last = Math.max(last, at);
  }
  return last;
}

/** Unfenced brokers whose session is over, the longest silent first. */
export function staleBrokers(
  liveness: BrokerLiveness,
  cluster: ClusterImage,
  session: Session,
): readonly BrokerRegistration[] {
  return [...cluster.brokers.values()]
    .filter((broker) => !broker.fenced && !hasValidSession(liveness, broker, session))
    .toSorted((a, b) => lastContactMs(liveness, a) - lastContactMs(liveness, b) || a.id - b.id);
}

/** An unfenced broker that was never heard from is as stale as can be. */
const lastContactMs = (liveness: BrokerLiveness, broker: BrokerRegistration): number =>
  contactOf(liveness, broker)?.lastContactMs ?? Number.NEGATIVE_INFINITY;

/** Whether any broker is there, as far as was heard. */
export const hasContacts = ({ contacts }: BrokerLiveness): boolean => contacts.size > 0;

/** When the first session ends, in ms; Infinity while there is none. */
export function nextFencingDeadline(liveness: BrokerLiveness, sessionTimeoutMs: number): number {
  let deadline = Number.POSITIVE_INFINITY;
  for (const { lastContactMs: last } of liveness.contacts.values()) {
    deadline = Math.min(deadline, endOf(last, sessionTimeoutMs));
  }
  return deadline;
}

/** A session is valid up to and including its last millisecond. */
export const endOf = (lastContactAtMs: number, sessionTimeoutMs: number): number =>
  lastContactAtMs + sessionTimeoutMs + 1;

/** The contacts that still count: those of the present, unfenced incarnations. */
export function withoutStrangers(liveness: BrokerLiveness, cluster: ClusterImage): BrokerLiveness {
  let { contacts } = liveness;
  for (const [id, { epoch }] of liveness.contacts) {
    const broker = cluster.brokers.get(id);
    if (broker === undefined || broker.fenced || broker.epoch !== epoch) {
      contacts = contacts.delete(id);
    }
  }
  return contacts === liveness.contacts ? liveness : { ...liveness, contacts };
}

/**
 * The lowest offset that an active broker says it has applied; Infinity when no broker is active. Brokers that are
 * shutting down do not count: two of them would wait for each other.
 */
export function lowestActiveOffset(liveness: BrokerLiveness, cluster: ClusterImage): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const broker of cluster.brokers.values()) {
    if (broker.fenced || broker.inControlledShutdown) continue;
    lowest = Math.min(lowest, contactOf(liveness, broker)?.metadataOffset ?? -1);
  }
  return lowest;
}
